package signature_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/acmsync/acmsync/internal/signature"
)

// FuzzAllowedSigners: any file is read, or refused with a line that it has.
func FuzzAllowedSigners(f *testing.F) {
	f.Add("alice@example.com " + alice + "\n")
	f.Add(`*@example.com,!eve@example.com namespaces="git",valid-after="20260101Z",valid-before="20270101" ` + alice)
	f.Add("# nobody\n\n\"A B\" cert-authority " + alice)
	f.Fuzz(func(t *testing.T, file string) {
		allowed, err := signature.ParseAllowed([]byte(file), time.UTC)
		var line *signature.LineError
		switch {
		case err == nil && allowed == nil:
			t.Error("neither signers nor an error")
		case err != nil && (!errors.As(err, &line) || line.Line < 1 || line.Line > strings.Count(file, "\n")+1):
			t.Errorf("%v", err)
		}
	})
}

// FuzzSignature: whatever stands in a signature's place, it is nobody's but that
// of the key that made it, and what is said of it fits on a line.
func FuzzSignature(f *testing.F) {
	k, line := key(f, "alice")
	payload := []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n")
	armoured, err := k.Sign(rand.Reader, payload)
	if err != nil {
		f.Fatal(err)
	}
	allowed, err := signature.ParseAllowed([]byte(line), time.UTC)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(armoured)
	f.Add(armoured[:len(armoured)/2])
	f.Add("-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----")
	f.Add("-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----")
	other := []byte("tree 0000000000000000000000000000000000000000\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := allowed.Judge([]byte(text), other, time.Unix(0, 0))
		if got.Fault == "" {
			t.Errorf("a signature of another payload is taken: %q", text)
		}
		for _, said := range []string{got.Detail, got.Signer, got.Key} {
			if len(said) > 500 || strings.ContainsFunc(said, unicode.IsControl) {
				t.Errorf("says %q", said)
			}
		}
	})
}
