package reconcile_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// bring writes, changes or takes away a certificate of an app or of its first
// domain, and perhaps acm beside it.
func (w *world) bring() {
	file := w.file()
	if len(w.files[file]) == 0 {
		return
	}
	app := w.files[file][0]
	app.Domains = slices.Clone(app.Domains)
	on := true
	var named *spec.Certificate
	if which := rapid.IntRange(0, 3).Draw(w.t, "which certificate"); which > 0 {
		named = &spec.Certificate{Chain: fmt.Sprintf("%d.pem", which), Key: fmt.Sprintf("%d.age", which)}
		if _, there := w.brought[*named]; !there {
			w.brought[*named] = w.drawn(*named)
		}
	}
	var acm *bool
	if rapid.Bool().Draw(w.t, "migrating") {
		acm = &on
	}
	if len(app.Domains) > 0 && rapid.Bool().Draw(w.t, "one domain") {
		app.Domains[0].Certificate, app.Domains[0].ACM = named, acm
	} else {
		app.Certificate, app.ACM = named, acm
	}
	w.files[file] = []spec.App{app}
	w.push()
}

// changeBrought commits other files in the place of those of a certificate.
func (w *world) changeBrought() {
	which := rapid.IntRange(1, 3).Draw(w.t, "which certificate")
	named := spec.Certificate{Chain: fmt.Sprintf("%d.pem", which), Key: fmt.Sprintf("%d.age", which)}
	w.brought[named] = w.drawn(named)
	w.push()
}

// drawn is what files may turn out to hold.
func (w *world) drawn(named spec.Certificate) record.Brought {
	switch rapid.SampledFrom([]string{"good", "good ", "short", "some names", "unborn", "expired", "bad", "locked"}).Draw(w.t, "files") {
	case "short":
		return w.made(named, 0, 30*day, 12)
	case "some names":
		return w.made(named, 0, 200*day, 6)
	case "unborn":
		return w.made(named, 3*day, 90*day, 12)
	case "expired":
		return w.made(named, -90*day, -day, 12)
	case "bad":
		return record.Brought{Chain: named.Chain, Key: named.Key, Fault: named.Key + " is not the private key of " + named.Chain}
	case "locked":
		return record.Brought{Chain: named.Chain, Key: named.Key, Fault: named.Key + " is encrypted", Operator: true, Remedy: "Set it."}
	default:
		b := w.made(named, 0, 400*day, 12)
		b.Plain = rapid.Bool().Draw(w.t, "plain")
		return b
	}
}

// made is a certificate for the first names of the world.
func (w *world) made(named spec.Certificate, from, until time.Duration, names int) record.Brought {
	w.serials++
	c := record.Certificate{
		Origin: record.OriginBrought, Serial: fmt.Sprintf("%04x", w.serials), SHA256: fmt.Sprintf("%04x", w.serials), Issuer: "owner",
		NotBefore: w.now.Add(from), NotAfter: w.now.Add(until),
	}
	for i := range names {
		c.Names = append(c.Names, domainName(i))
	}
	w.certs[c.Serial] = &issuedCert{Certificate: c}
	return record.Brought{Chain: named.Chain, Key: named.Key, Certificate: &c}
}

// bringAll makes all that is brought along good.
func (w *world) bringAll() {
	for which := 1; which <= 3; which++ {
		named := spec.Certificate{Chain: fmt.Sprintf("%d.pem", which), Key: fmt.Sprintf("%d.age", which)}
		if _, there := w.brought[named]; there {
			w.brought[named] = w.made(named, 0, 400*day, 12)
		}
	}
}

// checkBrought: a valid certificate gives way only to a valid one, and an
// automatic one never back to the one that is migrated from.
func (w *world) checkBrought(before, next record.Domain) {
	was, is := before.Certificate, next.Certificate
	if was == nil || is == nil || was.SHA256 == is.SHA256 {
		return
	}
	valid := w.now.Before(was.NotAfter)
	switch {
	case !w.now.Before(is.NotAfter) || w.now.Add(5*time.Minute).Before(is.NotBefore):
		w.t.Fatalf("%s takes up a certificate that is out of date: %+v", before.Key, is)
	case !slices.Contains(is.Names, before.Key):
		w.t.Fatalf("%s takes up a certificate for %v", before.Key, is.Names)
	case valid && next.Mode == record.Auto && is.Manual() && !was.Manual():
		w.t.Fatalf("%s goes back from its automatic certificate: %+v", before.Key, next)
	case next.Frozen || next.Held:
		w.t.Fatalf("%s stands still, and takes up another certificate", before.Key)
	}
}

// checkByHand: what the owner brings along is in use everywhere.
func (w *world) checkByHand(d record.Domain, valid bool) {
	if !valid || d.State != record.Manual || d.Order != nil || blocked(d) || d.Attempt != (record.Attempt{}) {
		w.t.Fatalf("%s has a good certificate of its owner, and yet: %+v", d.Key, d)
	}
	if d.Certificate.SHA256 != d.Brought.Certificate.SHA256 {
		w.t.Fatalf("%s has %s, and its owner brings %s along", d.Key, d.Certificate.SHA256, d.Brought.Certificate.SHA256)
	}
	for target, names := range w.edges {
		if names[d.Key] != d.Certificate.SHA256 {
			w.t.Fatalf("%s is not at %s", d.Key, target)
		}
	}
}

// blocked reports whether a finding is more than a warning.
func blocked(d record.Domain) bool {
	return slices.ContainsFunc(d.Findings, func(f record.Finding) bool { return !f.Warning })
}
