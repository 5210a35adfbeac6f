package issue_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/issue"
)

// strict are limits like those of Let's Encrypt, scaled so that a test meets them
// and so that a busy machine, on which requests pile up on their way to the lab's
// CA, does not look like a crowd.
func strict() issue.Rates {
	r := issue.LetsEncrypt()
	r.NewOrder = issue.Rate{Count: 40, Per: time.Second, Burst: 90}
	r.RevokeCert = r.NewOrder
	r.NewNonce.Burst, r.Other.Burst = 40, 400
	return r
}

// enforce has the CA enforce them.
func enforce(c *ca.CA, r issue.Rates) {
	for _, l := range []struct {
		rate  issue.Rate
		kinds []ca.Kind
	}{
		{r.Directory, []ca.Kind{ca.Directory}},
		{r.NewNonce, []ca.Kind{ca.NewNonce}},
		{r.NewAccount, []ca.Kind{ca.NewAccount}},
		{r.NewOrder, []ca.Kind{ca.NewOrder}},
		{r.RevokeCert, []ca.Kind{ca.Revoke}},
		{r.RenewalInfo, []ca.Kind{ca.RenewalInfo}},
		{r.Other, []ca.Kind{ca.Account, ca.Order, ca.Authz, ca.Challenge, ca.Finalize, ca.Cert, ca.Other}},
	} {
		if l.rate.Count == 0 {
			continue
		}
		c.Enforce(ca.Rate{PerSecond: float64(l.rate.Count) / l.rate.Per.Seconds(), Burst: l.rate.Burst}, l.kinds...)
	}
}

// crowd does something n times with 64 workers, the half of them in each of two
// processes.
func (l *lab) crowd(n int, work func(client *issue.CA, i int) error) (took time.Duration) {
	l.t.Helper()
	jobs := make(chan int)
	var all sync.WaitGroup
	start := time.Now()
	for range 2 {
		client := l.client(func(c *issue.Config) { c.Rates = strict() })
		for range 32 {
			all.Go(func() {
				for i := range jobs {
					if err := work(client, i); err != nil {
						l.t.Errorf("number %d: %v", i, err)
					}
				}
			})
		}
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	all.Wait()
	return time.Since(start)
}

// least is how long n requests take at a limit, whoever makes them.
func least(n int, r issue.Rate) time.Duration {
	return time.Duration(max(n-r.Burst, 0)) * r.Per / time.Duration(r.Count)
}

// TestACrowdIsNeverTurnedAway: 200 certificates at once and all of them revoked,
// by 64 workers in two processes, at a CA that enforces its limits on requests
// exactly.
func TestACrowdIsNeverTurnedAway(t *testing.T) {
	t.Parallel()
	const n = 200
	l := newLab(t, ca.Options{AlwaysValid: true})
	enforce(l.authority, strict())
	intents := make([]record.Order, n)
	for i := range intents {
		intents[i] = l.intent(numbered(i))
	}
	issued := make([]record.Order, n)
	onboarding := l.crowd(n, func(client *issue.CA, i int) (err error) {
		issued[i], err = l.pursue(t.Context(), client, intents[i])
		return err
	})
	if t.Failed() {
		t.FailNow()
	}
	revoking := l.crowd(n, func(client *issue.CA, i int) error {
		return client.Revoke(t.Context(), issued[i].Chain, 0)
	})
	for _, r := range l.authority.Limited() {
		t.Errorf("the CA turned %s %s away", r.Method, r.Path)
	}
	for _, serial := range l.authority.Certificates() {
		if _, revoked := l.authority.Revoked(serial.Serial); !revoked {
			t.Errorf("%v is not revoked", serial.Names)
		}
	}
	others := l.authority.Count(ca.Order, ca.Authz, ca.Challenge, ca.Finalize, ca.Cert)
	wantWithin(t, "onboarding", onboarding, 8, max(least(n, strict().NewOrder), least(others, strict().Other)))
	wantWithin(t, "revoking", revoking, 4, least(n, strict().RevokeCert))
}

// wantWithin: the factor is for the work itself, on a busy machine with the race
// detector.
func wantWithin(t *testing.T, what string, took time.Duration, factor int, least time.Duration) {
	t.Helper()
	t.Logf("%s took %s; the limits allow %s", what, took.Round(10*time.Millisecond), least)
	if took > time.Duration(factor)*least {
		t.Errorf("%s took %s, but the limits allow %s", what, took, least)
	}
}

// TestEveryKindIsPaced: each kind of request on its own, at a CA that allows few
// of it.
func TestEveryKindIsPaced(t *testing.T) {
	t.Parallel()
	few := issue.Rate{Count: 40, Per: time.Second, Burst: 30}
	for kind, c := range map[ca.Kind]struct {
		rates issue.Rates
		call  func(*lab, *issue.CA, []byte, int) error
	}{
		ca.Directory: {issue.Rates{Directory: few}, func(l *lab, c *issue.CA, _ []byte, _ int) error {
			_, _, err := c.Directory(l.t.Context())
			return err
		}},
		ca.NewNonce: {issue.Rates{NewNonce: few}, func(l *lab, c *issue.CA, chain []byte, _ int) error {
			return c.Revoke(l.t.Context(), chain, 0)
		}},
		ca.NewOrder: {issue.Rates{NewOrder: few}, func(l *lab, c *issue.CA, _ []byte, i int) error {
			_, err := c.Advance(l.t.Context(), l.intent(numbered(i)), l.listener, time.Now())
			return err
		}},
		ca.Order: {issue.Rates{Other: few}, func(l *lab, c *issue.CA, _ []byte, i int) error {
			if i >= 10 { // each makes seven requests
				return nil
			}
			_, err := l.pursue(l.t.Context(), c, l.intent(numbered(i)))
			return err
		}},
		ca.Revoke: {issue.Rates{RevokeCert: few}, func(l *lab, c *issue.CA, chain []byte, _ int) error {
			return c.Revoke(l.t.Context(), chain, 0)
		}},
		ca.RenewalInfo: {issue.Rates{RenewalInfo: few}, func(l *lab, c *issue.CA, chain []byte, _ int) error {
			if info := c.RenewalInfo(l.t.Context(), chain, time.Now()); info.Problem != nil {
				return info.Problem
			}
			return nil
		}},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, ca.Options{AlwaysValid: true})
			chain := l.issue("www.shop.example").Chain
			// Requests overlap, as at a CA that is as far away as CAs usually are.
			l.authority.Fault(ca.Of(), ca.Fault{Delay: 10 * time.Millisecond})
			client := l.client(func(config *issue.Config) { config.Rates = c.rates })
			if _, err := client.Account(t.Context()); err != nil {
				t.Fatal(err)
			}
			enforce(l.authority, c.rates)
			l.atOnce(60, func(i int) error { return c.call(l, client, chain, i) })
			if n := len(l.authority.Limited()); n > 0 || l.authority.Count(kind) == 0 {
				t.Errorf("%d of %d requests were turned away", n, l.authority.Count(kind))
			}
		})
	}
}

// atOnce does all of it at the same time.
func (l *lab) atOnce(n int, work func(i int) error) {
	l.t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := work(i); err != nil {
				l.t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestATurnedAwayRequestHoldsBackAllOfItsKind, and nothing else; nobody asks
// before the time, and not even a new process that was told of it does.
func TestATurnedAwayRequestHoldsBackAllOfItsKind(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	ahead := time.Duration(0)
	later := func(c *issue.Config) { c.Now = func() time.Time { return time.Now().Add(ahead) } }
	client := l.client(later)
	chain := l.issue("www.shop.example").Chain
	lift := l.authority.Fault(ca.Of(ca.NewOrder), ca.Fault{Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"600"}}})
	intent := l.intent("blog.shop.example")
	_, err := client.Advance(t.Context(), intent, l.listener, time.Now())
	if p := problem(t, err); p.Status != http.StatusServiceUnavailable {
		t.Fatalf("got %v", p)
	}
	lift()
	l.authority.Forget()
	restarted := l.client(later)
	restarted.Pause(client.Pauses())
	for what, c := range map[string]*issue.CA{"the same process": client, "a new one": restarted} {
		_, err = c.Advance(t.Context(), intent, l.listener, time.Now())
		if p := problem(t, err); p.Status != http.StatusServiceUnavailable || time.Until(p.RetryAfter) < 9*time.Minute || !p.Outage() {
			t.Errorf("%s: got %v until %s", what, p, p.RetryAfter)
		}
		if problem(t, c.Paused()).During != "order" {
			t.Errorf("%s does not say that there is a pause", what)
		}
	}
	if n := l.authority.Count(ca.NewOrder); n != 0 {
		t.Errorf("%d orders during the pause", n)
	}
	if err := client.Revoke(t.Context(), chain, 0); err != nil {
		t.Errorf("other requests wait too: %v", err)
	}
	ahead = 11 * time.Minute
	if err := client.Paused(); err != nil || client.Pauses() != nil {
		t.Errorf("the pause does not end: %v, %v", err, client.Pauses())
	}
	if _, err := l.pursue(t.Context(), restarted, intent); err != nil {
		t.Error(err)
	}
}

// TestADeadlineEndsTheWaitAndNothingWasSent: neither does the time of the request
// itself run while it waits for its turn.
func TestADeadlineEndsTheWaitAndNothingWasSent(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{AlwaysValid: true})
	chain := l.issue("www.shop.example").Chain
	client := l.client(func(c *issue.Config) {
		c.Timeout = 400 * time.Millisecond
		c.Rates.RevokeCert = issue.Rate{Count: 2, Per: time.Second, Burst: 1} // one a second is ours
	})
	if err := client.Revoke(t.Context(), chain, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := client.Revoke(ctx, chain, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := l.authority.Count(ca.Revoke); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	// The turn that was given up is not used by the next one, which so waits for
	// longer than a request may take.
	if err := client.Revoke(t.Context(), chain, 0); err != nil {
		t.Errorf("after its turn: %v", err)
	}
}

func (l *lab) issue(name string) record.Order {
	l.t.Helper()
	o, err := l.pursue(l.t.Context(), l.client(), l.intent(name))
	if err != nil {
		l.t.Fatal(err)
	}
	return o
}
