package keypair_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/lab/owner"
	"github.com/acmsync/acmsync/internal/record"
)

// brought is a certificate of an owner, and the identity its key is for.
type brought struct {
	owner.Pair
	files      keypair.Files
	id         *keypair.Identity
	secret, to string
}

func bring(tb testing.TB) brought {
	tb.Helper()
	ca, err := owner.NewCA(now)
	if err != nil {
		tb.Fatal(err)
	}
	pair, err := ca.Issue(now.Add(-time.Hour), now.Add(time.Hour), "www.shop.example", "*.shop.example")
	if err != nil {
		tb.Fatal(err)
	}
	secret, to, err := owner.NewIdentity()
	if err != nil {
		tb.Fatal(err)
	}
	id, err := keypair.ParseIdentity([]byte(secret))
	if err != nil {
		tb.Fatal(err)
	}
	encrypted, err := owner.Encrypt(pair.Key, to)
	if err != nil {
		tb.Fatal(err)
	}
	return brought{pair, keypair.Files{ChainPath: "c.pem", KeyPath: "c.age", Chain: pair.Chain, Key: encrypted}, id, secret, to}
}

// TestBring: a good certificate, its key encrypted or not, in date or not.
func TestBring(t *testing.T) {
	t.Parallel()
	good := bring(t)
	plain := good.files
	plain.Key = good.Key
	for name, c := range map[string]struct {
		files keypair.Files
		now   time.Time
		plain bool
	}{
		"encrypted": {good.files, now, false},
		"plain":     {plain, now, true},
		"expired":   {good.files, now.Add(48 * time.Hour), false},
		"unborn":    {good.files, now.Add(-48 * time.Hour), false},
	} {
		b, pair := keypair.Bring(c.files, good.id, c.now)
		if b.Fault != "" || b.Certificate == nil || b.Certificate.Serial != good.Serial || b.Plain != c.plain {
			t.Errorf("%s: %+v", name, b)
			continue
		}
		if !bytes.Equal(pair.Chain, good.Chain) || !bytes.Equal(pair.Key, good.Key) || pair.SHA256 != b.Certificate.SHA256 {
			t.Errorf("%s: another pair came out", name)
		}
		if !b.Certificate.Manual() || !b.Certificate.Serves("a.shop.example") || b.Certificate.Serves("a.b.shop.example") {
			t.Errorf("%s: %+v", name, b.Certificate)
		}
	}
}

// TestBringRefuses names the file that is wrong, and whose turn it is.
func TestBringRefuses(t *testing.T) {
	t.Parallel()
	p, good := newParties(t), bring(t)
	file := func(chain, key []byte) keypair.Files {
		return keypair.Files{ChainPath: "c.pem", KeyPath: "c.age", Chain: chain, Key: key}
	}
	other := bring(t)
	for name, c := range map[string]struct {
		files    keypair.Files
		id       *keypair.Identity
		says     string
		operator bool
	}{
		"no chain":           {file(nil, good.files.Key), good.id, "c.pem: the chain holds no certificate in PEM", false},
		"a key in the chain": {file(good.Key, good.files.Key), good.id, "c.pem: the chain holds a block of type \"PRIVATE KEY\"", false},
		"no key":             {file(good.Chain, []byte("hello")), good.id, "c.age: there is no private key in PEM", false},
		"another's key":      {file(good.Chain, other.Key), good.id, "c.age is not the private key of c.pem", false},
		"no identity":        {good.files, nil, "this installation has no identity", true},
		"another identity":   {good.files, other.id, "not encrypted to the identity of this installation", true},
		"cut off":            {file(good.Chain, good.files.Key[:len(good.files.Key)-60]), good.id, "c.age: it is damaged", false},
		"a CA's":             {file(chainPEM(p.middle), keyPEM(t, p.middle.key)), good.id, "c.pem: the first certificate is a CA's", false},
		"not for servers":    {file(chainPEM(p.client), keyPEM(t, p.client.key)), good.id, "c.pem: the certificate is not for TLS servers", false},
		"of a stranger":      {file(chainPEM(p.plain, p.stranger), keyPEM(t, p.plain.key)), good.id, "c.pem: certificate 1 of the chain is not signed by the next", false},
		"of an expired CA":   {file(chainPEM(p.ofOld, p.oldMiddle), keyPEM(t, p.ofOld.key)), good.id, "c.pem: its issuer ", false},
		"weak":               {file(chainPEM(p.weakKey, p.middle), keyPEM(t, p.weakKey.key)), good.id, "c.pem: certificate 1 of the chain has a key on P-224", false},
	} {
		b, pair := keypair.Bring(c.files, c.id, now)
		if b.Certificate != nil || pair.Key != nil || !strings.Contains(b.Fault, c.says) || b.Operator != c.operator {
			t.Errorf("%s: %+v", name, b)
		}
		if strings.Contains(b.Fault+b.Remedy, "PRIVATE KEY-----") || strings.Contains(fmt.Sprintf("%v %+v %#v", c.id, c.id, c.id), "AGE-SECRET") {
			t.Errorf("%s: a secret is told: %q %q %v", name, b.Fault, b.Remedy, c.id)
		}
	}
}

func TestParseIdentityRefuses(t *testing.T) {
	t.Parallel()
	good := bring(t)
	if got := good.id.Recipients(); len(got) != 1 || got[0] != good.to {
		t.Errorf("recipients %v, want %s", got, good.to)
	}
	for _, text := range []string{"", "# nothing\n", good.to, strings.Replace(good.secret, "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1X", 1)} {
		id, err := keypair.ParseIdentity([]byte(text))
		if err == nil || strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%q was read as %v, %v", text, id, err)
		}
	}
}

// FuzzBring: whatever lies in the repository, a certificate that is handed on
// can be used with its key, and one that is not has a reason in one clause.
func FuzzBring(f *testing.F) {
	good := bring(f)
	f.Add(good.Chain, good.files.Key)
	f.Add(good.Chain, good.Key)
	f.Add(good.Chain[:len(good.Chain)/2], good.files.Key[:len(good.files.Key)/2])
	f.Add(good.Key, good.Chain)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), []byte("age-encryption.org/v1\n-> X25519 a\nb\n--- c\n"))
	f.Add([]byte{}, []byte("\n\n-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----"))
	f.Fuzz(func(t *testing.T, chain, key []byte) {
		b, pair := keypair.Bring(keypair.Files{ChainPath: "c.pem", KeyPath: "c.age", Chain: chain, Key: key}, good.id, now)
		switch {
		case (b.Fault == "") != (b.Certificate != nil), b.Fault != "" && !strings.HasPrefix(b.Fault, "c."):
			t.Errorf("%+v", b)
		case b.Certificate == nil && (pair.Key != nil || pair.Chain != nil):
			t.Errorf("a pair although %s", b.Fault)
		case b.Certificate != nil:
			usable(t, pair)
		}
	})
}

// usable holds the pair against the gate that what a CA issues passes.
func usable(t *testing.T, pair record.Pair) {
	t.Helper()
	at := pair.NotBefore.Add(pair.NotAfter.Sub(pair.NotBefore) / 2)
	if _, err := keypair.Check(pair.Chain, pair.Key, pair.Names[:1], at); err != nil && !strings.Contains(err.Error(), "wrong-dates") {
		t.Errorf("handed on, and yet %v", err)
	}
}
