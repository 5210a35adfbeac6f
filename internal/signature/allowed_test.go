package signature_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
)

// alice is the public half of a key nobody has any more, made by ssh-keygen.
const alice = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPUuv4+bIKZkHuMjfwUTuURLPGyH/kwmJ2UXhsiq6SHk"

func TestParseAllowedTakesWhatOpenSSHTakes(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"alice@example.com " + alice,
		"# people\n\n  alice@example.com,*@ops.example.com\t" + alice + " a comment\r\n",
		`"Alice A <alice@example.com>" ` + alice,
		`alice namespaces="git,file" ` + alice,
		`alice NAMESPACES="git",valid-after="20260101",valid-before="202701010000Z" ` + alice,
		`alice valid-before="20270101120000UTC" ` + alice,
		"!eve,* " + alice + "\nbob " + alice,
	} {
		if _, err := signature.ParseAllowed([]byte(file), time.UTC); err != nil {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func TestParseAllowedRefuses(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                              "line 1 names no signer: add a line like: alice@example.com ssh-ed25519 AAAA…",
		"# nobody\n":                    "line 1 names no signer: add a line like: alice@example.com ssh-ed25519 AAAA…",
		"\n\nalice\n":                   "line 3 has principals and nothing else: a key must follow",
		"alice ssh-ed25519 AAAA":        "line 1 holds no public key after the principals: write principals, then what is in the .pub file, like alice@example.com ssh-ed25519 AAAA…",
		alice:                           "line 1 holds no public key after the principals: write principals, then what is in the .pub file, like alice@example.com ssh-ed25519 AAAA…",
		"!alice " + alice:               `line 1 names nobody: "!alice" has no principal that is not excluded`,
		`"alice ` + alice:               "line 1 has a quote that does not end",
		"alice cert-authority " + alice: "line 1 names a certificate authority (cert-authority), which is not supported: write a line for each signer's own key",
		"alice no-pty " + alice:         `line 1 has the option "no-pty", which is not known: namespaces, valid-after and valid-before are`,
		"alice namespaces=git " + alice: `line 1 has the option namespaces without quotes: write namespaces="…"`,
		`alice namespaces="" ` + alice:  "line 1 has an empty list of namespaces",
		`a namespaces="x",namespaces="git" ` + alice:                    "line 1 has the option namespaces twice",
		`alice valid-before="tomorrow" ` + alice:                        `line 1 has valid-before="tomorrow": write YYYYMMDD, or YYYYMMDDHHMM, with Z at the end for UTC`,
		`alice valid-after="20261301" ` + alice:                         `line 1 has valid-after="20261301": write YYYYMMDD, or YYYYMMDDHHMM, with Z at the end for UTC`,
		`alice valid-after="20270101",valid-before="20260101" ` + alice: "line 1 allows the key at no time: valid-before is not after valid-after",
		"alice " + weakKey: "line 1 holds a key that is an RSA key of 1024 bits, which is too weak: use ed25519, or 2048 bits and more",
	} {
		_, err := signature.ParseAllowed([]byte(file), time.UTC)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", file, err, want)
		}
	}
}

// weakKey is the public half of an RSA key of 1024 bits, made by ssh-keygen.
const weakKey = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCkqh9tK/RdQiRPnamHDiYb7Xlmx4nNbYc2ZvyqBw2rCfLd55qXNFDHLdkTS9ydJNcec5OGiOWSAqpxF1ZZXhZ0OUtXnH83AV3U/tQIQ22r8dgGm/PF3+1CK++FMawOBRj/3O/kid6eTQnCA2eqBf7APeMm4C4SnfVlEMF+cmLILQ=="

// key is a private key in OpenSSH's form, and its line of a file of signers.
func key(t testing.TB, principals string) (*signature.Key, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	k, err := signature.ParseKey(pem.EncodeToMemory(block))
	if err != nil {
		t.Fatal(err)
	}
	authorized, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return k, principals + " " + string(ssh.MarshalAuthorizedKey(authorized))
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		string(pem.EncodeToMemory(block)): "is protected by a passphrase",
		"garbage":                         "holds no SSH private key",
		alice:                             "holds no SSH private key",
	} {
		if _, err := signature.ParseKey([]byte(raw)); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "ssh-keygen -t ed25519") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestKeyDoesNotShowItself in whatever way it is printed.
func TestKeyDoesNotShowItself(t *testing.T) {
	t.Parallel()
	k, _ := key(t, "alice")
	want := "SSH key " + k.Fingerprint()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, k); got != want {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if got := k.LogValue().String(); got != want {
		t.Errorf("the log has %q", got)
	}
}

// TestAKeyOnSeveralLines: one line that allows it is enough, in whatever order.
func TestAKeyOnSeveralLines(t *testing.T) {
	t.Parallel()
	k, line := key(t, "alice")
	_, public, _ := strings.Cut(line, " ")
	armoured, err := k.Sign(rand.Reader, []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	past, now := `past valid-before="20200101Z" `+public, `now valid-after="20200101Z" `+public
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for file, want := range map[string]record.SignatureFault{past + now: "", now + past: "", past: record.TooLate} {
		allowed, err := signature.ParseAllowed([]byte(file), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if got := allowed.Judge([]byte(armoured), []byte("payload"), at); got.Fault != want {
			t.Errorf("%s: %+v", file, got)
		}
	}
}

// TestWhatFollowsASignatureIsBounded: a good one is none with very much behind it.
func TestWhatFollowsASignatureIsBounded(t *testing.T) {
	t.Parallel()
	k, line := key(t, "alice")
	armoured, err := k.Sign(rand.Reader, []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := signature.ParseAllowed([]byte(line), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	got := allowed.Judge([]byte(armoured+strings.Repeat("x", 64<<10)), []byte("payload"), time.Unix(0, 0))
	if got.Fault != record.Unreadable || got.Detail != "it is larger than 64 KiB" {
		t.Errorf("%+v", got)
	}
}
