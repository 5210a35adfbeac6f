package issue_test

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// The most requests a certificate may cost. Eight are the protocol's, the rest
// is for polls.
const maxRequests = 15

func TestIssuesWithFewRequests(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	client := l.client()
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	l.exactlyOne(check(t, o), "www.shop.example")
	// With the directory, the account and the first nonce.
	if n := l.authority.Count(); n >= maxRequests {
		t.Errorf("the first certificate took %d requests, want fewer than %d: %v", n, maxRequests, l.authority.Requests())
	}
	for _, a := range o.Authorizations {
		if a.Presented {
			t.Errorf("the response for %s was left behind", a.Name)
		}
	}

	l.authority.Forget()
	if o, err = l.pursue(t.Context(), client, l.intent("api.shop.example")); err != nil {
		t.Fatal(err)
	}
	check(t, o)
	t.Logf("the second certificate took %d requests", l.authority.Count())
	if n := l.authority.Count(); n > 10 {
		t.Errorf("the second certificate took %d requests, want at most 10: %v", n, l.authority.Requests())
	}
	for _, kind := range []ca.Kind{ca.Directory, ca.NewNonce, ca.NewAccount} {
		if n := l.authority.Count(kind); n != 0 {
			t.Errorf("asked %d times for %s, want it remembered", n, kind)
		}
	}
}

func TestIssuesManyAtOnce(t *testing.T) {
	t.Parallel()
	const many = 16
	l := newLab(t, ca.Options{})
	client := l.client()
	var wait sync.WaitGroup
	orders := make([]record.Order, many)
	intents := make([]record.Order, many)
	for i := range many {
		intents[i] = l.intent(numbered(i))
	}
	for i := range many {
		wait.Go(func() {
			var err error
			if orders[i], err = l.pursue(t.Context(), client, intents[i]); err != nil {
				t.Errorf("%s: %v", numbered(i), err)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	for i, o := range orders {
		l.exactlyOne(check(t, o), numbered(i))
	}
	if n := l.authority.Count(ca.NewAccount, ca.Directory); n != 2 {
		t.Errorf("%d requests for account and directory, want one each", n)
	}
	if n := l.authority.Count(); n >= many*maxRequests {
		t.Errorf("%d requests for %d certificates, want fewer than %d each", n, many, maxRequests)
	}
	for _, r := range l.authority.Requests() {
		if r.Status >= http.StatusBadRequest {
			t.Errorf("the CA refused %+v (a nonce that was used twice?)", r)
		}
	}
	t.Logf("%d requests for %d certificates", l.authority.Count(), many)
}

func TestIssuesForSeveralAndLongNames(t *testing.T) {
	t.Parallel()
	// 64 characters are all that fit into a common name.
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".shop.example"
	for name, names := range map[string][]string{
		"several": {"a.shop.example", "b.shop.example", "c.shop.example"},
		"long":    {long},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{})
			o, err := l.pursue(t.Context(), l.client(), l.intent(names...))
			if err != nil {
				t.Fatal(err)
			}
			l.exactlyOne(check(t, o), names...)
		})
	}
}

func TestKeyTypes(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	client := l.client()
	for _, keyType := range issue.KeyTypes() {
		t.Run(keyType, func(t *testing.T) {
			t.Parallel()
			if keyType == "rsa4096" && testing.Short() {
				t.Skip("seconds of prime search")
			}
			name := keyType + ".shop.example"
			o, err := issue.OpenOrder(l.authority.URL(), record.Want{Key: name, Names: []string{name}}, issue.Form{KeyType: keyType}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if o, err = l.pursue(t.Context(), client, o); err != nil {
				t.Fatal(err)
			}
			check(t, o)
		})
	}
	if _, err := issue.OpenOrder(l.authority.URL(), record.Want{Names: []string{"a.example"}}, issue.Form{KeyType: "dsa"}, time.Now()); err == nil {
		t.Error("an unknown key type was accepted")
	}
}

func TestCommonNameIsAskedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	for _, want := range []string{"", "www.shop.example"} {
		names := []string{"www.shop.example", "shop.example"}
		o, err := issue.OpenOrder(l.authority.URL(), record.Want{Names: names}, issue.Form{CommonName: want != ""}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		csr, err := x509.ParseCertificateRequest(o.CSR)
		if err != nil || csr.Subject.CommonName != want || !slices.Equal(csr.DNSNames, names) {
			t.Errorf("%v, common name %q, names %v", err, csr.Subject.CommonName, csr.DNSNames)
		}
		if o, err = l.pursue(t.Context(), l.client(), o); err != nil {
			t.Fatal(err)
		}
		check(t, o)
	}
}

func TestProfileIsAskedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true, Profiles: map[string]time.Duration{"classic": 0, "shortlived": 160 * time.Hour}})
	client := l.client(func(c *issue.Config) { c.Profile = "shortlived" })
	o, err := l.pursue(t.Context(), client, l.intent("www.shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	if pair := check(t, o); pair.NotAfter.Sub(pair.NotBefore) > 161*time.Hour {
		t.Errorf("valid for %s, want 160 hours", pair.NotAfter.Sub(pair.NotBefore))
	}
	client = l.client(func(c *issue.Config) { c.Profile = "unheard-of" })
	o, err = l.pursue(t.Context(), client, l.intent("api.shop.example"))
	if p := problem(t, err); p.Kind() != "invalidProfile" || o.State != record.OrderClosed {
		t.Errorf("got %v and an order that is %s, want invalidProfile and closed", p, o.State)
	}
}
