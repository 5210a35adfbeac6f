package issue_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

func TestTheAccountIsFoundOrMadeOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	urls := make([]string, 16)
	var wait sync.WaitGroup
	for i := range urls {
		wait.Go(func() {
			var err error
			if urls[i], err = client.Account(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	again, err := l.client().Account(t.Context()) // the program was restarted
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range append(urls, again) {
		if u == "" || u != urls[0] {
			t.Errorf("one key, but accounts %q and %q", urls[0], u)
		}
	}
	if n := l.authority.Count(ca.NewAccount); n != 2 {
		t.Errorf("newAccount was sent %d times by two programs", n)
	}
}

func TestAKnownAccountIsNotAskedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	url, err := l.client().Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.authority.Forget()
	client := l.client(func(c *issue.Config) { c.AccountURL = url })
	if _, err := l.pursue(t.Context(), client, l.intent("www.shop.example")); err != nil {
		t.Fatal(err)
	}
	if n := l.authority.Count(ca.NewAccount); n != 0 {
		t.Errorf("newAccount was sent %d times for a known account", n)
	}
}

// A CA that was restored or reset does not know the account any more.
func TestALostAccountIsMadeAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client(func(c *issue.Config) {
		c.AccountURL = strings.TrimSuffix(l.authority.URL(), "/dir") + "/my-account/gone"
	})
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}

func TestRefusedAccounts(t *testing.T) {
	t.Parallel()
	mac := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for name, c := range map[string]struct {
		change func(*issue.Config)
		kind   string
		says   string
		asked  int
	}{
		"terms":          {func(c *issue.Config) { c.AcceptTerms = false }, "userActionRequired", "acme.acceptTerms", 0},
		"EAB missing":    {func(*issue.Config) {}, "externalAccountRequired", "acme.eab", 0},
		"EAB unreadable": {func(c *issue.Config) { c.EAB = issue.EAB{KeyID: "kid", HMAC: "§§"} }, "externalAccountRequired", "acme.eab", 0},
		"EAB unknown":    {func(c *issue.Config) { c.EAB = issue.EAB{KeyID: "other", HMAC: mac} }, "unauthorized", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{EAB: map[string]string{"kid": mac}})
			client := l.client(c.change)
			for range 5 {
				o, err := client.Advance(t.Context(), l.intent("www.shop.example"), l.listener, time.Now())
				p := problem(t, err)
				if p.Kind() != c.kind || p.During != "account" || p.Outage() || !strings.Contains(p.Detail, c.says) {
					t.Errorf("got %+v, want %s that mentions %q", p, c.kind, c.says)
				}
				if strings.Contains(p.Detail, "§") {
					t.Errorf("the MAC key is in %q", p.Detail)
				}
				if o.State != record.OrderIntent {
					t.Errorf("the order is %s, want it as it was", o.State)
				}
			}
			if n := l.authority.Count(ca.NewAccount); n != c.asked {
				t.Errorf("newAccount was sent %d times, want %d", n, c.asked)
			}
		})
	}
}

func TestExternalAccounts(t *testing.T) {
	t.Parallel()
	mac := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	l := newLab(t, ca.Options{AlwaysValid: true, EAB: map[string]string{"kid": mac}})
	client := l.client(func(c *issue.Config) { c.EAB = issue.EAB{KeyID: "kid", HMAC: mac} })
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
}

// An outage, unlike a refusal, is asked about again at once.
func TestAnOutageOfTheAccountPasses(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	l.authority.Fault(ca.Of(ca.NewAccount), ca.Fault{Status: 503, Times: 1})
	client := l.client()
	if _, err := client.Account(t.Context()); !problem(t, err).Outage() {
		t.Errorf("got %v, want an outage", err)
	}
	if _, err := client.Account(t.Context()); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func TestAccountKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "account.pem")
	if _, err := issue.LoadAccountKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loading nothing gave %v, want fs.ErrNotExist", err)
	}
	made, err := issue.CreateAccountKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v (%v), want 0600", info.Mode(), err)
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("the directory's mode is %v (%v), want 0700", dir.Mode(), err)
	}
	loaded, err := issue.LoadAccountKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if !made.Public().(*ecdsa.PublicKey).Equal(loaded.Public()) {
		t.Error("another key was loaded than was made")
	}
	if _, err := issue.CreateAccountKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making a second key gave %v, want fs.ErrExist", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v (%v), want the key alone", entries, err)
	}
}

func pkcs8PEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestAccountKeyFormats(t *testing.T) {
	t.Parallel()
	curve := func(c elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	pkcs8 := func(key any) []byte { return pkcs8PEM(t, key) }
	p256, p384, p521 := curve(elliptic.P256()), curve(elliptic.P384()), curve(elliptic.P521())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		key     crypto.Signer // nil: refused
	}{
		"PKCS#8 P-256": {pkcs8(p256), p256},
		"PKCS#8 P-384": {pkcs8(p384), p384},
		"PKCS#8 RSA":   {pkcs8(rsaKey), rsaKey},
		"SEC 1": {append(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8, 42}}),
			pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...), p256},
		"PKCS#1":        {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}), rsaKey},
		"P-521":         {pkcs8(p521), nil},
		"not PEM":       {[]byte("hunter2"), nil},
		"damaged":       {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hunter2")}), nil},
		"a certificate": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hunter2")}), nil},
		"empty":         {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "account.pem")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := issue.LoadAccountKey(path)
			switch {
			case c.key == nil && err == nil:
				t.Error("it was accepted")
			case c.key == nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("the error is %q, want the file named and nothing quoted", err)
			case c.key != nil && err != nil:
				t.Error(err)
			case c.key != nil && !c.key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()):
				t.Error("another key was read")
			}
		})
	}
}

type publicOnly struct{ key crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.key }
func (publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("this key only shows itself")
}

func TestThumbprintOfTheRFC(t *testing.T) {
	t.Parallel()
	// RFC 7638, section 3.1.
	n, err := base64.RawURLEncoding.DecodeString("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAt" +
		"VT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v" +
		"-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6W" +
		"eZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
	if err != nil {
		t.Fatal(err)
	}
	got, err := issue.Thumbprint(publicOnly{&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
