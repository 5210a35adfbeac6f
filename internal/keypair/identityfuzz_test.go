package keypair_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/keypair"
)

// FuzzIdentity reads anything as an identity, and opens anything with it: what
// is printed is public, and an error quotes nothing.
func FuzzIdentity(f *testing.F) {
	good := bring(f)
	f.Add([]byte(good.secret), good.files.Key)
	f.Add([]byte("# a comment\n\n"+good.secret+"\n"), []byte("age-encryption.org/v1\n-> X25519 a\nb\n--- c\n"))
	f.Add([]byte(good.to), []byte{})
	f.Add([]byte("AGE-SECRET-KEY-1\x00"), good.files.Key[:60])
	f.Fuzz(func(t *testing.T, file, encrypted []byte) {
		id, err := keypair.ParseIdentity(file)
		if err != nil {
			if id != nil || strings.Contains(err.Error(), "AGE-SECRET") {
				t.Errorf("%v, %v", id, err)
			}
			return
		}
		if said := fmt.Sprintf("%v %+v %#v %s", id, id, id, id); strings.Contains(said, "AGE-SECRET") {
			t.Errorf("it prints as %s", said)
		}
		if key, err := id.Decrypt(encrypted); (key == nil) == (err == nil) && len(key) > 0 || err != nil && strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%d bytes, %v", len(key), err)
		}
	})
}
