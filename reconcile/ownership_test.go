package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func strict() reconcile.Policy {
	p := policy()
	p.Platform.VerifyOwnership, p.Platform.Thumbprint = true, "thumbprint"
	return p
}

// shown asks and decides, the name being well but for who owns it: these TXT
// records stand where the first proof is looked for.
func shown(d record.Domain, p reconcile.Policy, now time.Time, answer record.Answer, values ...string) reconcile.Decision {
	d, q, ask := reconcile.Ask(d, p, now)
	var seen record.Observation
	if ask {
		seen = observation(q, well, q.ServedSHA256, now)
	}
	if q.Ownership {
		seen.Ownership = &record.Ownership{Texts: []record.Texts{{Name: q.Proofs[0].Name, Answer: answer, Values: values}}}
	}
	return reconcile.Decide(d, seen, p, now)
}

func proofOf(p reconcile.Policy, app string) string {
	return p.Platform.Proofs(www, "shop.example", app)[0].Value
}

func TestNoOrderBeforeProof(t *testing.T) {
	t.Parallel()
	p := strict()
	foreign := p
	foreign.Platform.Thumbprint = "another"
	for name, c := range map[string]struct {
		answer record.Answer
		values []string
	}{
		"no record":                  {record.NXDomain, nil},
		"another text":               {record.Answered, []string{"v=spf1 -all"}},
		"another app's":              {record.Answered, []string{proofOf(p, "blog")}},
		"another platform's":         {record.Answered, []string{proofOf(foreign, "shop")}},
		"the zone's, at the name":    {record.Answered, []string{p.Platform.Proofs("shop.example", "shop.example", "shop")[0].Value}},
		"a longer app's":             {record.Answered, []string{proofOf(p, "shop2")}},
		"half of it":                 {record.Answered, []string{"acmsync-app=shop", proofOf(p, "shop")[:40]}},
		"a server that fails for it": {record.ServFail, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newStage(t, p, app("shop", www)).row(www)
			dec := shown(d, p, start, c.answer, c.values...)
			rests(t, dec, reconcile.Fail)
			code(t, dec.Next, failure.OwnershipUnproven)
			state(t, dec.Next, record.Failing)
			if f := dec.Next.Findings[0]; len(f.Expected) != 1 || f.Expected[0].Value != proofOf(p, "shop") || !strings.Contains(f.Remedy, proofOf(p, "shop")) {
				t.Errorf("%+v", f)
			}
			later := start.Add(90 * time.Second) // a look between attempts
			dec = shown(dec.Next, p, later, record.Answered, "v=spf1 -all", proofOf(p, "blog"), proofOf(p, "shop"))
			if only(t, dec).Kind != reconcile.Issue || dec.Next.Proven.App != "shop" || !dec.Next.Proven.At.Equal(later) {
				t.Errorf("%+v", dec)
			}
		})
	}
}

// TestUnaskedIsNoFailure: while nobody answers, nothing is ordered and nobody is
// blamed.
func TestUnaskedIsNoFailure(t *testing.T) {
	t.Parallel()
	p := strict()
	d := newStage(t, p, app("shop", www)).row(www)
	now := start
	for range 3 {
		dec := shown(d, p, now, record.NoAnswer)
		rests(t, dec, reconcile.Wait)
		if d = dec.Next; len(d.Findings) > 0 || d.Attempt.Count > 0 || d.State != record.Waiting {
			t.Fatalf("%+v", d)
		}
		now = d.Due
	}
	if dec := shown(d, p, now, record.Answered, proofOf(p, "shop")); only(t, dec).Kind != reconcile.Issue {
		t.Errorf("%+v", dec)
	}
	p.Platform.Thumbprint = "" // a plan without the account key cannot say the record
	dec := shown(newStage(t, p, app("shop", www)).row(www), p, start, record.Answered, proofOf(strict(), "shop"))
	rests(t, dec, reconcile.Wait)
}

// TestMendedProofOverDNS: where the name leads does not matter to dns-01, nor to
// whether the proof is noticed.
func TestMendedProofOverDNS(t *testing.T) {
	t.Parallel()
	p := strict()
	p.DNSProvider, p.DefaultChallenge = true, record.DNS01
	d := newStage(t, p, app("shop", www)).row(www)
	for _, text := range []string{"v=spf1 -all", proofOf(p, "shop")} {
		at := start.Add(map[bool]time.Duration{true: 2 * day}[text != "v=spf1 -all"])
		d.Attempt.Next = d.Attempt.Next.Add(map[bool]time.Duration{true: 10 * day}[!at.Equal(start)])
		asked, q, _ := reconcile.Ask(d, p, at)
		seen := observation(q, nxdomain, "", at)
		seen.Ownership = &record.Ownership{Texts: []record.Texts{{Name: q.Proofs[0].Name, Answer: record.Answered, Values: []string{text}}}}
		dec := reconcile.Decide(asked, seen, p, at)
		if d = dec.Next; at.After(start) && (len(dec.Actions) != 1 || dec.Actions[0].Kind != reconcile.Issue) {
			t.Errorf("%+v", dec)
		}
	}
}

// TestAMovedNameIsProvedAnew: an app that is renamed, or takes a name over,
// keeps the certificate in use and is told at once that the next one needs a
// proof. Back at the app that proved it, none is needed.
func TestAMovedNameIsProvedAnew(t *testing.T) {
	t.Parallel()
	p := strict()
	s := newStage(t, p, app("shop", www)).issue()
	s.known.Domains[0].Proven = record.Proven{App: "shop", At: start}
	s.admit(desired(app("store", www)))
	dec := shown(s.row(www), p, start, record.Answered, proofOf(p, "shop"))
	rests(t, dec, reconcile.Fail)
	code(t, dec.Next, failure.OwnershipUnproven)
	state(t, dec.Next, record.CertIssued)
	if d := dec.Next; len(d.Deployed) != 2 || d.Due.After(start.Add(2*time.Minute)) || reconcile.Attention(d) != "owner" || d.Attempt.Count > 0 {
		t.Errorf("%+v", d)
	}
	due := start.Add(61 * day)
	late := shown(dec.Next, p, due, record.Answered, proofOf(p, "shop"))
	rests(t, late, reconcile.Fail)
	code(t, late.Next, failure.OwnershipUnproven)

	if proved := shown(late.Next, p, due.Add(2*time.Minute), record.Answered, proofOf(p, "store")); only(t, proved).Kind != reconcile.Renew {
		t.Errorf("%+v", proved)
	}
	if early := shown(dec.Next, p, dec.Next.Due, record.Answered, proofOf(p, "store")); early.Outcome.Kind != reconcile.Keep || len(early.Next.Findings) > 0 {
		t.Errorf("%+v", early)
	}
	s.admit(desired(app("shop", www)))
	if back := shown(s.row(www), p, start, record.Answered); back.Outcome.Kind != reconcile.Keep || len(back.Next.Findings) > 0 {
		t.Errorf("%+v", back)
	}
}

// TestAnotherAccountKeyNeedsNoNewProof: a proof that was seen outlives the key
// that it names; one that was not has to be made for the new key.
func TestAnotherAccountKeyNeedsNoNewProof(t *testing.T) {
	t.Parallel()
	p := strict()
	d := issued(t, p)
	d.Proven = record.Proven{App: "shop", At: start}
	p.Platform.Thumbprint = "another"
	if dec := shown(d, p, start.Add(80*day), record.NXDomain); only(t, dec).Kind != reconcile.Renew {
		t.Errorf("%+v", dec)
	}
	fresh := wanted(t, p)
	rests(t, shown(fresh, p, start, record.Answered, proofOf(strict(), "shop")), reconcile.Fail)
}

// TestOldNamesNeedNoProof: what has a certificate when the setting is turned on
// goes on, for the app that has it; not for one that takes it in the same push.
func TestOldNamesNeedNoProof(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then   spec.App
		proven bool
	}{"the same app": {app("shop", www), true}, "another app": {app("thief", www), false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, policy(), app("shop", www)).issue()
			s.known.Domains[0] = look(s.row(www), well, s.policy, start).Next
			s.policy = strict()
			s.admit(desired(c.then))
			dec := shown(s.row(www), s.policy, start.Add(80*day), record.NXDomain)
			if renews := len(dec.Actions) == 1 && dec.Actions[0].Kind == reconcile.Renew; renews != c.proven {
				t.Errorf("%+v", dec)
			}
		})
	}
}

// TestWhatOthersBringProvesNothing: neither a certificate that is brought along
// nor one that is found deployed makes its app the owner.
func TestWhatOthersBringProvesNothing(t *testing.T) {
	t.Parallel()
	p := strict()
	for _, origin := range []record.Origin{record.OriginBrought, record.OriginAdopted} {
		s := newStage(t, p, app("shop", www)).issue()
		s.known.Domains[0].Certificate.Origin = origin
		dec := shown(s.row(www), p, start.Add(80*day), record.NXDomain)
		if len(dec.Actions) > 0 {
			t.Errorf("%s: %+v", origin, dec.Actions)
		}
		code(t, dec.Next, failure.OwnershipUnproven)
	}
	s := newStage(t, policy(), app("shop", www)).issue()
	s.known.Domains[0].Certificate.Origin = record.OriginBrought
	before := look(s.row(www), well, policy(), start).Next // nobody asks for proof yet
	if dec := shown(before, p, start.Add(80*day), record.NXDomain); len(dec.Actions) > 0 || dec.Next.Proven.App != "" {
		t.Errorf("brought along before: %+v", dec)
	}
}
