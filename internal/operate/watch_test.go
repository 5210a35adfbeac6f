package operate_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/verify"
)

// A record is mended while its name is watched; the clock is the test's.
func TestWatchUntilMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.Set(domain, "CNAME shop.oldplatform.example.")
	w.dns.Set("shop.oldplatform.example", "A 127.0.0.2")
	ticks := make(chan time.Time)
	look := func(ctx context.Context) ([]operate.Verdict, error) {
		v, err := operate.VerifyFresh(ctx, verify.New(verify.Config{Resolvers: []string{w.dns.Addr()}, ProbeAllow: loopback}), w.platform, operate.Subject{Name: domain})
		return []operate.Verdict{v}, err
	}
	var rounds []operate.Round
	last, err := operate.Watch(t.Context(), look, ticks, func(r operate.Round) error {
		rounds = append(rounds, r)
		if r.Number == 2 { // seen twice as it was, then mended
			w.dns.Set(domain, "CNAME "+target+".")
		}
		if r.Blocked() {
			go func() { ticks <- time.Time{} }()
		}
		return nil
	})
	if err != nil || last.Blocked() || last.Number != 3 || len(rounds) != 3 {
		t.Fatalf("%d rounds, blocked %v, %v; want 3 and mended", len(rounds), last.Blocked(), err)
	}
	if !rounds[0].Changed || rounds[1].Changed || !rounds[2].Changed {
		t.Errorf("changed %v, %v, %v; want the first and the last", rounds[0].Changed, rounds[1].Changed, rounds[2].Changed)
	}
}

// Whoever stops watching hears what was seen last.
func TestWatchStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	look := func(context.Context) ([]operate.Verdict, error) { return []operate.Verdict{retired()}, nil }
	last, err := operate.Watch(ctx, look, nil, func(operate.Round) error { stop(); return nil })
	if err != nil || last.Number != 1 || !last.Blocked() {
		t.Errorf("%+v, %v", last, err)
	}
	broken := errors.New("no such name")
	failing := func(context.Context) ([]operate.Verdict, error) { return nil, broken }
	if _, err := operate.Watch(t.Context(), failing, nil, nil); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

// Where DNS could not be asked nothing is mended: it is looked at again. The
// token, another one at every look, is no change.
func TestWatchThroughAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edge.Behave(domain, edge.Behaviour{Status: 404})
	w.dns.Fail(".", 0, dns.Fault{Rcode: mdns.RcodeRefused, Subtree: true})
	ticks := make(chan time.Time, 1)
	look := func(ctx context.Context) ([]operate.Verdict, error) {
		v, err := operate.VerifyFresh(ctx, verify.New(verify.Config{Resolvers: []string{w.dns.Addr()}, ProbeAllow: loopback}), w.platform, operate.Subject{Name: domain})
		return []operate.Verdict{v}, err
	}
	var changed []bool
	last, err := operate.Watch(t.Context(), look, ticks, func(r operate.Round) error {
		changed = append(changed, r.Changed)
		switch r.Number {
		case 1:
			w.dns.Mend(".", 0)
		case 3:
			w.edge.Behave(domain, edge.Behaviour{})
		}
		if r.Number < 4 {
			ticks <- time.Time{}
		}
		return nil
	})
	if err != nil || last.Number != 4 || last.Blocked() || last.Unseen() || !slices.Equal(changed, []bool{true, true, false, true}) {
		t.Errorf("%d rounds, changed %v, %v; want 4, the third as the second", last.Number, changed, err)
	}
}
