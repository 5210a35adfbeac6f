package issue_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

func TestRevokingTwiceIsRevoking(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client()
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	pair := check(t, o)
	const cessation = 5
	for range 2 {
		if err := client.Revoke(t.Context(), pair.Chain, cessation); err != nil {
			t.Fatal(err)
		}
	}
	if reason, revoked := l.authority.Revoked(pair.Serial); !revoked || reason != cessation {
		t.Errorf("revoked: %v, reason %d; want reason %d", revoked, reason, cessation)
	}
}

func TestRevokingWhatIsExpiredAsksNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(-time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	expired := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := l.client().Revoke(t.Context(), expired, 0); err != nil || l.authority.Count() != 0 {
		t.Errorf("got %v after %d requests, want success after none", err, l.authority.Count())
	}
	if err := l.client().Revoke(t.Context(), []byte("no PEM"), 0); err == nil {
		t.Error("revoking nothing succeeded")
	}
}

func TestRevocationsThatAreRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client()
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	pair := check(t, o)
	stranger := l.client(func(c *issue.Config) { c.Key = newKey(t) })
	if p := problem(t, stranger.Revoke(t.Context(), pair.Chain, 0)); p.Kind() != "unauthorized" || p.During != "revoke" {
		t.Errorf("a stranger's revocation gave %+v, want unauthorized", p)
	}
	l.authority.Fault(ca.Of(ca.Revoke), ca.Fault{Status: http.StatusServiceUnavailable, Times: 1})
	if p := problem(t, client.Revoke(t.Context(), pair.Chain, 0)); !p.Outage() {
		t.Errorf("got %+v, want an outage", p)
	}
	// As Boulder words it; it has no type for it.
	gone := ca.Refusal(ca.Problem{Type: "unauthorized", Detail: "Certificate is expired", Status: http.StatusForbidden})
	gone.Times = 1
	l.authority.Fault(ca.Of(ca.Revoke), gone)
	if err := client.Revoke(t.Context(), pair.Chain, 0); err != nil {
		t.Errorf("revoking what the CA says is expired gave %v, want success", err)
	}
	if _, revoked := l.authority.Revoked(pair.Serial); revoked {
		t.Error("it was revoked after all")
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{CAAIdentities: []string{"ca.test", "other.test"}, Profiles: map[string]time.Duration{"b": 0, "a": 0}})
	l.authority.SkewDate(-2 * time.Hour)
	client := l.client()
	got, date, err := client.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.CAAIdentities)
	want := record.Directory{
		URL: l.authority.URL(), CAAIdentities: []string{"ca.test", "other.test"},
		TermsOfService: got.TermsOfService, Profiles: []string{"a", "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" || got.TermsOfService == "" {
		t.Errorf("the directory differs (-want +got):\n%s", diff)
	}
	if behind := time.Since(date); behind < 119*time.Minute || behind > 121*time.Minute {
		t.Errorf("the CA's clock is %s behind, want two hours", behind)
	}
}

func TestDirectoriesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ca.Fault{
		"page":         {Status: 200, Body: "<html></html>"},
		"empty object": {Status: 200, Body: "{}"},
		"down":         {Status: 503},
		"cut":          {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			l.authority.Fault(ca.Of(ca.Directory), fault)
			_, _, err := l.client().Directory(t.Context())
			if p := problem(t, err); !p.Outage() || p.During != "directory" || p.Detail == "" {
				t.Errorf("got %+v, want an outage of the directory", p)
			}
		})
	}
	l := newLab(t, ca.Options{})
	l.authority.Fault(ca.Of(ca.Directory), ca.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}})
	if _, _, err := l.client().Directory(t.Context()); err == nil {
		t.Error("a redirect passed for a directory")
	}
	plain := issue.New(issue.Config{Directory: "http://127.0.0.1:1/dir", Key: newKey(t)})
	if _, _, err := plain.Directory(t.Context()); err == nil {
		t.Error("a directory without TLS was accepted")
	}
}
