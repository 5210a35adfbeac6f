package reconcile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// choose says which CA the row is for: that of its order, if one is under way,
// or the first that is not passed over and that the CAA records allow. others
// are those that could take its place.
func choose(d record.Domain, q record.Question, seen record.Observation, p Policy, now time.Time) (chosen Policy, others []string) {
	if !p.several() {
		return p, nil
	}
	if orderOpen(d, p) {
		return p.At(d.Order.Directory), nil
	}
	all := p.CAs()
	var allowed, open []string
	for i, ca := range all {
		if i > 0 && len(ca.CAAIdentities) == 0 && forbids(q, seen, p.At(all[0].Directory)) {
			continue // nobody knows what its records are called
		}
		if forbids(q, seen, p.At(ca.Directory)) {
			continue
		}
		allowed = append(allowed, ca.Directory)
		if _, over := passedUntil(d, ca.Directory, now); !over {
			open = append(open, ca.Directory)
		}
	}
	switch {
	case len(open) > 0:
		return p.At(open[0]), open[1:]
	case len(allowed) > 0:
		return p.At(soonest(d, allowed, now)), nil
	default:
		return p.At(all[0].Directory), nil
	}
}

// forbids reports whether the CAA records that were seen keep this one CA from
// issuing.
func forbids(q record.Question, seen record.Observation, p Policy) bool {
	if seen.CAA == nil {
		return false
	}
	alone := p.Platform
	alone.Others = nil
	found := blocking(diagnose.Explain(alone, q, record.Observation{Name: seen.Name, At: seen.At, CAA: seen.CAA, DNS: seen.DNS}, nil))
	return slices.ContainsFunc(found, func(f record.Finding) bool { return isCode(f, failure.CAAForbids) })
}

// passedUntil is how long the CA is passed over for the row.
func passedUntil(d record.Domain, directory string, now time.Time) (until time.Time, over bool) {
	for _, passed := range d.Passed {
		if passed.Directory == directory && now.Before(passed.Until) {
			return passed.Until, true
		}
	}
	return time.Time{}, false
}

// soonest is the CA that may be asked again first.
func soonest(d record.Domain, directories []string, now time.Time) string {
	return slices.MinFunc(directories, func(x, y string) int {
		first, _ := passedUntil(d, x, now)
		second, _ := passedUntil(d, y, now)
		return first.Compare(second)
	})
}

// passedOver waits for the only CA that may be asked, while it is passed over.
// What the owner asks for ends that wait, unless a limit is why.
func (v *view) passedOver() bool {
	for _, passed := range v.d.Passed {
		limited := passed.Code == failure.RateLimited
		if passed.Directory != v.policy.Directory || !v.now.Before(passed.Until) || asked(v.d) && !limited {
			continue
		}
		postpone(&v.d, passed.Until, v.now)
		if limited {
			v.d.Attempt.RateLimitedUntil = passed.Until
		}
		message, remedy := failure.Of(passed.Code).Fill(failure.Values{
			"name": v.d.Name(), "detail": " (" + host(passed.Directory) + ")", "until": stamp(passed.Until), "remedy": "",
		})
		v.d.Findings, v.d.Problem = []record.Finding{{Code: passed.Code, Message: message, Remedy: remedy}}, nil
		return v.say(Wait, passed.Until, "%s", clause(message))
	}
	return false
}

// passOn passes over the CA that cannot serve the row's order, for reasons that
// are not the domain's, and reports whether it did and whether another can be
// asked now. An order that may have become a certificate is never left.
func passOn(d *record.Domain, r Result, first record.Finding, p Policy, now time.Time) (passed, another bool) {
	until, ok := passable(*d, r.Problem, first, p, now)
	if !p.several() || !ok || committed(*d, p) || d.Gone() {
		return false, false
	}
	pass := record.Passed{Directory: p.Directory, Code: first.Code, At: now, Until: until}
	d.Passed = append(slices.DeleteFunc(slices.Clone(d.Passed), func(x record.Passed) bool { return x.Directory == p.Directory }), pass)
	if !anotherOpen(*d, p, now) {
		return true, false
	}
	handled(d)
	d.Order, d.Problem = nil, nil
	d.Attempt.Last, d.Attempt.Next, d.Attempt.RateLimitedUntil = now, now, time.Time{}
	return true, true
}

// passable reports whether the refusal is about the CA or our account there, and
// until when that is taken to last.
func passable(d record.Domain, problem *record.Problem, first record.Finding, p Policy, now time.Time) (until time.Time, ok bool) {
	switch {
	case first.Code == failure.CAUnavailable, problem.During == "directory":
		return later(now.Add(passWait(d, p)), problem.RetryAfter), true
	case first.Code == failure.AccountProblem:
		return later(now.Add(longestWait), problem.RetryAfter), true
	case first.Code == failure.RateLimited:
		if strings.Contains(strings.ToLower(problem.Detail), "failed authorization") {
			return time.Time{}, false // the domain's own failures
		}
		if problem.RetryAfter.After(now) {
			return problem.RetryAfter, true
		}
		return now.Add(longestWait), true
	}
	return time.Time{}, false
}

// passWait doubles the time for which the CA was passed over before.
func passWait(d record.Domain, p Policy) time.Duration {
	before := time.Duration(0)
	for _, passed := range d.Passed {
		if passed.Directory == p.Directory && passed.Code == failure.CAUnavailable {
			before = passed.Until.Sub(passed.At)
		}
	}
	step := min(max(2*before, shortestWait), longestWait)
	return jittered(step, d.Key, int(step/time.Second))
}

func anotherOpen(d record.Domain, p Policy, now time.Time) bool {
	return slices.ContainsFunc(p.CAs(), func(ca CA) bool {
		_, over := passedUntil(d, ca.Directory, now)
		return !over
	})
}

// awaitSoonest: of several CAs that cannot serve the row, the one that can first
// is waited for.
func awaitSoonest(d *record.Domain, p Policy, now time.Time) {
	var soonest record.Passed
	for _, passed := range d.Passed {
		waits := now.Before(passed.Until) && p.configured(passed.Directory)
		if waits && (soonest.Until.IsZero() || passed.Until.Before(soonest.Until)) {
			soonest = passed
		}
	}
	d.Attempt.Next, d.Attempt.RateLimitedUntil = soonest.Until, time.Time{}
	if soonest.Code == failure.RateLimited {
		d.Attempt.RateLimitedUntil = soonest.Until
	}
}

// instead says which CA an order goes to if it is not the first, and why.
func instead(d record.Domain, p Policy, now time.Time) string {
	first := p.CAs()[0].Directory
	if p.Directory == first {
		return ""
	}
	why := "may not issue or has nothing left"
	for _, passed := range d.Passed {
		if passed.Directory == first && now.Before(passed.Until) {
			why = "is passed over until " + stamp(passed.Until) + " (" + string(passed.Code) + ")"
		}
	}
	return fmt.Sprintf("; from %s, as %s %s", host(p.Directory), host(first), why)
}

func host(directory string) string {
	if u, err := url.Parse(directory); err == nil && u.Host != "" {
		return u.Host
	}
	return directory
}
