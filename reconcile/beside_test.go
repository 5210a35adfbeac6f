package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

const challengeURL = "http://www.shop.example/.well-known/acme-challenge/"

// TestOwnLookStaysBesideTheCAsWord: what we saw is shown with what the CA says,
// right after the refusal and at each later look, which says nothing else where
// nothing has changed.
func TestOwnLookStaysBesideTheCAsWord(t *testing.T) {
	t.Parallel()
	http := []record.RR{
		{Type: "HTTP", Name: challengeURL, Value: "(the CA: no)"},
		{Type: "HTTP", Name: challengeURL, Value: "the right answer"},
		{Type: "A", Name: www, Value: edgeAddr.String()},
	}
	for kind, want := range map[string][]record.RR{
		"unauthorized": http,
		"connection":   http,
		"dns":          {{Type: "A", Name: www, Value: "(the CA: no)"}, {Type: "A", Name: www, Value: edgeAddr.String()}},
		"caa":          {{Type: "CAA", Name: www, Value: "(the CA: no)"}, {Type: "CAA", Name: www, Value: "(no CAA records)"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := refusedAfter(look(wanted(t, p), well, p, start), acme(kind, "no", "authorization"), p)
			if diff := cmp.Diff(want, d.Findings[0].Observed); diff != "" {
				t.Error(diff)
			}
			sameAtTheNextLook(t, d, well, p)
		})
	}
}

// A probe that failed and only advised is told in our own, more precise words.
func TestAdviceThatProvedRightIsTold(t *testing.T) {
	t.Parallel()
	p := policy()
	d := refusedAfter(look(wanted(t, p), walled, p, start), problem(walled, start), p)
	want := []record.RR{{Type: "HTTP", Name: www, Value: "no answer in time"}, {Type: "A", Name: www, Value: edgeAddr.String()}}
	if diff := cmp.Diff(want, d.Findings[0].Observed); diff != "" {
		t.Error(diff)
	}
	sameAtTheNextLook(t, d, walled, p)
}

// TestTheCAsWordComesFirst: it says how the order is tried again, whatever we
// saw; a limit and an outage have nothing to do with what we saw.
func TestTheCAsWordComesFirst(t *testing.T) {
	t.Parallel()
	p := policy()
	for _, c := range []struct {
		problem *record.Problem
		want    []failure.Code
	}{
		{acme("caa", "no", "authorization"), []failure.Code{failure.CAAForbids, failure.CDNChallengeMissing}},
		{problem(limited, start), []failure.Code{failure.RateLimited}},
		{&record.Problem{During: "order"}, []failure.Code{failure.CAUnavailable}},
	} {
		dec := look(wanted(t, p), well, p, start)
		seen := record.Observation{Name: www}
		seen.DNS, seen.CAA, seen.Probe = answers(cdn)
		dec.Actions[0].Seen = &seen
		var got []failure.Code
		for _, f := range refusedAfter(dec, c.problem, p).Findings {
			got = append(got, f.Code)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestSilenceSaysTheSameTwice: hours after a refusal nobody can be asked any more.
// What the entry then says of the records does not change with the look after.
func TestSilenceSaysTheSameTwice(t *testing.T) {
	t.Parallel()
	p := policy()
	d := refusedAfter(look(wanted(t, p), well, p, start), acme("unauthorized", "no", "authorization"), p)
	d.Attempt.Next = start.Add(2 * day)
	first := look(d, silent, p, start.Add(8*time.Hour)).Next
	again := look(first, silent, p, start.Add(16*time.Hour)).Next
	if again.CheckedAt.Equal(d.CheckedAt) && again.Checks.DNS != record.Unknown {
		t.Fatalf("these were no looks: %+v", again.Checks)
	}
	if diff := cmp.Diff(first.Findings, again.Findings); diff != "" {
		t.Error(diff)
	}
}

func refusedAfter(dec reconcile.Decision, said *record.Problem, p reconcile.Policy) record.Domain {
	return reconcile.Settle(dec.Next, reconcile.Result{Action: dec.Actions[0], Problem: said}, p, start.Add(time.Second))
}

// sameAtTheNextLook looks again while the row waits for its next try.
func sameAtTheNextLook(t *testing.T, d record.Domain, h health, p reconcile.Policy) {
	t.Helper()
	d.Attempt.Next = start.Add(time.Hour)
	dec := look(d, h, p, start.Add(2*time.Minute))
	if dec.Next.CheckedAt.Equal(d.CheckedAt) || len(dec.Actions) > 0 {
		t.Fatalf("this is no look: %+v", dec)
	}
	if diff := cmp.Diff(d.Findings, dec.Next.Findings); diff != "" {
		t.Error("the next look says something else: ", diff)
	}
}
