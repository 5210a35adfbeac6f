package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// Certificates that owners bring along.

const (
	// announced is how long before its end such a certificate's owner is told,
	// or a third of its lifetime where that is less.
	announced = 30 * day
	// early is by how much our clock may be behind the owner's CA's.
	early = 5 * time.Minute
)

// brought is what the claim brings along for its name; nil: nothing.
func (c claim) brought() *record.Brought {
	named := c.app.Brought(c.domain)
	if named == nil {
		return nil
	}
	b, read := c.app.Certificates[*named]
	if !read {
		b = record.Brought{Chain: named.Chain, Key: named.Key, Fault: named.Chain + " was not read"}
	}
	if cert := b.Certificate; cert != nil && !cert.Serves(c.domain.Name) {
		b.Certificate = nil
		has := diagnose.Clean(strings.Join(cert.Names, ", "), maxDetail)
		b.Fault = fmt.Sprintf("%s is not for %s, but for %s", named.Chain, c.domain.Name, has)
	}
	return &b
}

// takeUp makes the certificate that its owner brings along the row's own, where
// it is to be. The one before stays at each target until that has the new one;
// it is left to expire unless a new key was asked for too.
func takeUp(d *record.Domain, p Policy, now time.Time) bool {
	if !takesUp(*d, now) {
		return false
	}
	c := *d.Brought.Certificate
	c.Origin, c.IssuedAt = record.OriginBrought, now
	d.Superseded = slices.DeleteFunc(d.Superseded, func(s record.Superseded) bool { return !owed(s) })
	if old := d.Certificate; old != nil {
		// Targets tell by it which of two is the newer, to the second.
		c.IssuedAt = later(now, old.IssuedAt.Add(time.Second))
		supersede(d, *old, record.Certificate{Names: old.Names, Rekey: d.Rekey}, p, now)
	}
	d.Certificate = &c
	undeployed(d)
	return true
}

// takesUp: by hand it is what the owner says that counts. While it is migrated
// from, it stands in only until there is an automatic one.
func takesUp(d record.Domain, now time.Time) bool {
	switch b := d.Brought; {
	case b == nil, d.Frozen, d.Held, !d.Mode.Kept(), broughtFault(d, now) != "":
		return false
	case d.Certificate == nil:
		return true
	case d.Certificate.SHA256 == b.Certificate.SHA256:
		return false
	}
	return d.Mode == record.ByHand || d.Certificate.Manual() || !valid(d, now)
}

// broughtFault is why what is brought along cannot be used now; empty: it can.
func broughtFault(d record.Domain, now time.Time) string {
	b := d.Brought
	switch {
	case b.Certificate == nil:
		return b.Fault
	case now.Add(early).Before(b.Certificate.NotBefore):
		return fmt.Sprintf("%s is not valid before %s", b.Chain, stamp(b.Certificate.NotBefore))
	case !now.Before(b.Certificate.NotAfter):
		return fmt.Sprintf("%s expired at %s", b.Chain, stamp(b.Certificate.NotAfter))
	default:
		return ""
	}
}

// byHand: nothing is ordered, and what was under way is given up, unless it may
// have its certificate already.
func (v *view) byHand() bool {
	switch {
	case v.d.Mode != record.ByHand:
		return false
	case committed(v.d, v.policy):
		return v.follow()
	}
	handled(&v.d)
	v.d.HandledRekey = v.d.Rekey
	v.d.Order, v.d.ForeignThumbprint = nil, false
	v.settled()
	if fault := broughtFault(v.d, v.now); fault != "" {
		return v.say(Fail, time.Time{}, "the certificate that was brought along cannot be used: %s", fault)
	}
	if v.unused() {
		return true
	}
	return v.say(Keep, time.Time{}, "brought along, valid until %s%s", stamp(v.d.Brought.Certificate.NotAfter), v.servedWords())
}

// restByHand says how a row stands whose owner brings its certificate along. An
// earlier certificate that is valid stays in use under one that is not.
func restByHand(d *record.Domain, p Policy, now time.Time) {
	d.Checks.CAA, d.Checks.Challenge = record.Skipped, record.Skipped
	fault := broughtFault(*d, now)
	switch {
	case fault != "":
		setState(d, record.Failing, now)
		d.Findings = []record.Finding{faultFinding(*d, fault)}
	case valid(*d, now):
		setState(d, inUse(*d, p), now)
		d.Findings = nil
	case d.State == "":
		setState(d, record.Waiting, now)
	}
}

// dueBrought is when what is brought along wants to be looked at again: when it
// becomes valid, when its end is near, and at its end.
func dueBrought(d record.Domain, now time.Time) time.Time {
	if d.Brought == nil || d.Brought.Certificate == nil {
		return time.Time{}
	}
	c := *d.Brought.Certificate
	var next time.Time
	for _, at := range []time.Time{c.NotBefore.Add(-early), announcedAt(c), c.NotAfter} {
		if at.After(now) {
			next = earliest(next, at)
		}
	}
	return next
}

func announcedAt(c record.Certificate) time.Time {
	return c.NotAfter.Add(-min(announced, part(c.NotAfter.Sub(c.NotBefore), 1.0/3)))
}

func withoutBrought(findings []record.Finding) []record.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f record.Finding) bool { return isCode(f, failure.ManualInvalid) })
}

func faultFinding(d record.Domain, fault string) record.Finding {
	message, remedy := failure.Of(failure.ManualInvalid).Fill(failure.Values{"name": d.Name(), "detail": diagnose.Clean(fault, maxDetail)})
	f := record.Finding{Code: failure.ManualInvalid, Message: message, Remedy: remedy}
	if d.Brought.Remedy != "" {
		f.Remedy = d.Brought.Remedy
	}
	if d.Brought.Operator {
		f.Actor = failure.Operator
	}
	return f
}

// broughtNotes are what is worth knowing of what is brought along, while
// nothing is wrong or something else is.
func broughtNotes(d record.Domain, p Policy, now time.Time) []record.Finding {
	if d.Brought == nil || !d.Mode.Kept() {
		return nil
	}
	var notes []record.Finding
	note := func(message, remedy string) *record.Finding {
		notes = append(notes, record.Finding{Code: failure.ManualInvalid, Warning: true, Message: message, Remedy: remedy})
		return &notes[len(notes)-1]
	}
	b, name, fault := d.Brought, d.Name(), broughtFault(d, now)
	switch {
	case d.Mode == record.Auto && migrated(d, p, now):
		note("The automatic certificate of "+name+" is deployed; the one that was brought along is not used any more.",
			"Remove certificate from "+name+", or from its app, and its files from the repository.")
		return notes
	case fault != "" && d.Mode == record.Auto:
		f := faultFinding(d, fault)
		note(f.Message, f.Remedy)
	case fault == "" && !now.Before(announcedAt(*b.Certificate)):
		f := note(fmt.Sprintf("The certificate brought along for %s expires at %s.", name, stamp(b.Certificate.NotAfter)),
			fmt.Sprintf("Commit its successor as %s, with its key, or remove certificate from %s to get one automatically.", b.Chain, name))
		if d.Mode == record.ByHand {
			f.Actor = failure.Owner
		}
	}
	if b.Plain && b.Certificate != nil {
		note("The private key "+b.Key+" lies in the repository unencrypted: whoever can read the repository, or its history, has it.",
			"Get a certificate with a new key, and commit that key encrypted with age to the operator's identity.")
	}
	return notes
}

// migrated: an automatic certificate took over, and no edge was seen without it.
func migrated(d record.Domain, p Policy, now time.Time) bool {
	return valid(d, now) && !d.Certificate.Manual() && acknowledgedByAll(d, p) && d.Checks.Served != record.Fail
}
