package issue_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/stepca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// smallstep is the lab with step-ca beside Pebble, looking where that one does.
type smallstep struct {
	*lab
	authority *stepca.CA
}

func newSmallstep(t *testing.T, o stepca.Options) *smallstep {
	t.Helper()
	s := &smallstep{lab: newLab(t, ca.Options{})}
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Resolver = t.TempDir(), s.names.Addr()
	if o.HTTPPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	s.authority, err = stepca.New(o)
	if errors.Is(err, stepca.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.authority.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *smallstep) client(change ...func(*issue.Config)) *issue.CA {
	s.t.Helper()
	return s.lab.client(append([]func(*issue.Config){func(c *issue.Config) {
		c.Directory, c.RootCAs = s.authority.URL(), x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM(s.authority.RootPEM())
	}}, change...)...)
}

func (s *smallstep) intent(names ...string) record.Order {
	o := s.lab.intent(names...)
	o.Directory = s.authority.URL()
	return o
}

// TestStepCAIssuesRenewsAndRevokes, and finds the account by its key.
func TestStepCAIssuesRenewsAndRevokes(t *testing.T) {
	t.Parallel()
	s := newSmallstep(t, stepca.Options{})
	client := s.client()
	first, err := s.pursue(t.Context(), client, s.intent("www.shop.example", "shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	before := check(t, first)
	if info := client.RenewalInfo(t.Context(), first.Chain, time.Now()); info.ID != "" || info.Problem == nil || info.Problem.Outage() {
		t.Errorf("it has no renewal information, got %+v", info)
	}
	renewal := s.intent("www.shop.example", "shop.example")
	second, err := s.pursue(t.Context(), client, renewal)
	if err != nil {
		t.Fatal(err)
	}
	if after := check(t, second); after.Serial == before.Serial {
		t.Error("the renewal gave the same certificate")
	}
	for range 2 { // a second time it is revoked already
		if err := client.Revoke(t.Context(), first.Chain, 4); err != nil {
			t.Fatal(err)
		}
	}
	// All that is left is the key, as when the store is lost.
	account, err := s.client().Account(t.Context())
	if err != nil || account != first.Account {
		t.Errorf("the key's account is %s, %v; want %s", account, err, first.Account)
	}
	if err := s.client().Revoke(t.Context(), second.Chain, 0); err != nil {
		t.Errorf("revoking with the account found again: %v", err)
	}
}

// TestStepCAResumesWhereverItWasKilled: from every state that an order was in, a
// process that knows no more than that state comes to the same certificate.
func TestStepCAResumesWhereverItWasKilled(t *testing.T) {
	t.Parallel()
	s := newSmallstep(t, stepca.Options{})
	o := s.intent("www.shop.example")
	var states []record.Order
	client := s.client()
	for o.Open() && o.State != record.OrderIssued {
		if o.URL != "" {
			states = append(states, o)
		}
		if err := pause(t.Context(), time.Until(o.NextAt)); err != nil {
			t.Fatal(err)
		}
		var err error
		if o, err = client.Advance(t.Context(), o, s.listener, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	pair := check(t, o)
	if len(states) < 4 {
		t.Fatalf("the order went through %d states", len(states))
	}
	for _, state := range states {
		resumed, err := s.pursue(t.Context(), s.client(), state)
		if err != nil {
			t.Errorf("from %s: %v", state.State, err)
			continue
		}
		if again := check(t, resumed); again.Serial != pair.Serial {
			t.Errorf("from %s it got another certificate", state.State)
		}
	}
}

// TestStepCARefuses: what it says comes as what it means, and an order whose
// validation failed ends, although step-ca would wait to be told again.
func TestStepCARefuses(t *testing.T) {
	t.Parallel()
	s := newSmallstep(t, stepca.Options{Deny: []string{"denied.example", "*.denied.example"}})
	client := s.client()
	for what, c := range map[string]struct {
		name         string
		prove        issue.Responder
		kind, during string
	}{
		"nothing there":    {"none.shop.example", unanswering{}, "connection", "challenge"},
		"another's answer": {"other.shop.example", answering{s.lab}, "rejectedIdentifier", "challenge"},
		"no such name":     {"gone.shop.example", s.listener, "connection", "challenge"},
		"its policy":       {"www.denied.example", s.listener, "rejectedIdentifier", "order"},
	} {
		o := s.intent(c.name)
		if what == "no such name" {
			s.names.Fail(c.name, mdns.TypeA, dns.Fault{Rcode: mdns.RcodeNameError})
			s.names.Fail(c.name, mdns.TypeAAAA, dns.Fault{Rcode: mdns.RcodeNameError})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		o, err := s.prove(ctx, client, o, c.prove)
		cancel()
		p := problem(t, err)
		if p.Kind() != c.kind || p.During != c.during {
			t.Errorf("%s: got %v", what, p)
		}
		if o.Open() {
			t.Errorf("%s: the order is %s", what, o.State)
		}
		t.Logf("%s: %v", what, p)
	}
}

// prove pursues an order with another responder than the listener.
func (l *lab) prove(ctx context.Context, client *issue.CA, o record.Order, r issue.Responder) (record.Order, error) {
	for o.Open() && o.State != record.OrderIssued {
		if err := pause(ctx, time.Until(o.NextAt)); err != nil {
			return o, err
		}
		next, err := client.Advance(ctx, o, r, time.Now())
		if err != nil {
			return next, err
		}
		o = next
	}
	return o, nil
}

// unanswering puts nothing in place.
type unanswering struct{}

func (unanswering) Present(context.Context, string, string, string) error { return nil }
func (unanswering) CleanUp(context.Context, string, string) error         { return nil }

// answering answers for another account.
type answering struct{ *lab }

func (a answering) Present(ctx context.Context, name, token, _ string) error {
	return a.listener.Present(ctx, name, token, token+".of-another-account")
}

func (a answering) CleanUp(ctx context.Context, name, token string) error {
	return a.listener.CleanUp(ctx, name, token)
}

// TestStepCAWantsAnExternalAccount: its directory says so, and nothing is sent.
func TestStepCAWantsAnExternalAccount(t *testing.T) {
	t.Parallel()
	s := newSmallstep(t, stepca.Options{RequireEAB: true})
	_, err := s.client().Account(t.Context())
	if p := problem(t, err); p.Kind() != "externalAccountRequired" {
		t.Errorf("got %v", p)
	}
	short := s.client(func(c *issue.Config) { c.EAB = issue.EAB{KeyID: "platform", HMAC: "c2VjcmV0"} })
	if _, err := short.Account(t.Context()); !strings.Contains(problem(t, err).Detail, "has 6 bytes") {
		t.Errorf("a short key: %v", err)
	}
	// That it does not know the external account is its own mishap.
	unknown := s.client(func(c *issue.Config) {
		c.EAB = issue.EAB{KeyID: "unknown", HMAC: strings.Repeat("c2VjcmV0", 6)}
	})
	if _, err := unknown.Account(t.Context()); problem(t, err).Kind() != "serverInternal" {
		t.Errorf("an unknown external account: %v", err)
	}
}
