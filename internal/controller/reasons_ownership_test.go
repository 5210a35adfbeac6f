package controller_test

import (
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// prove adds the records that say that these apps may have the names of the
// name's registered domain, and nothing besides. What they say of the name
// itself stands beside it, where it proves nothing.
func (w *world) prove(name string, apps ...string) {
	registered := spec.RegisteredDomain(name)
	var whole, own []string
	for _, app := range apps {
		proofs := w.proofs(name, app)
		whole = append(whole, `TXT "`+proofs[len(proofs)-1].Value+`"`)
		own = append(own, `TXT "`+proofs[0].Value+`"`)
	}
	w.DNS.Mend("_acmsync."+name, 0)
	w.DNS.Remove("_acmsync."+name, 0)
	w.DNS.Set("_acmsync."+registered, whole...)
	w.DNS.Set("copy."+registered, own...)
}

func (w *world) proofs(name, app string) []record.RR {
	p := w.config.Policy.Platform
	p.VerifyOwnership = true
	return p.Proofs(name, spec.RegisteredDomain(name), app)
}

// unproved takes all proofs away, and puts these records of the name's own there.
func unproved(rrs ...string) fault {
	return func(w *world, name string) {
		w.DNS.Remove("_acmsync."+spec.RegisteredDomain(name), 0)
		if len(rrs) > 0 {
			at("_acmsync.{}", rrs...)(w, name)
		}
	}
}

// foreignProof is that of another app.
func foreignProof(w *world, name string) {
	unproved(`TXT "`+w.proofs(name, "app-00")[0].Value+`"`)(w, name)
}

func ownershipWays() []way {
	add := "Add TXT _acmsync.{} with the value \"acmsync-app="
	ways := []way{
		{name: "no proof", wrong: []fault{unproved()}},
		{name: "another text where the proof should be", wrong: []fault{unproved(`TXT "v=spf1 -all"`)}},
		{name: "a proof for another app", wrong: []fault{foreignProof}, message: "_acmsync.{} is for the app app-00"},
		{name: "a proof behind an alias", wrong: []fault{func(w *world, name string) { unproved("CNAME copy."+spec.RegisteredDomain(name)+".")(w, name) }}, message: "_acmsync.{} is an alias for copy.a-proof-behind-an-alias.test"},
		{
			name: "a proof that cannot be looked up", message: "_acmsync.{} cannot be looked up",
			wrong: []fault{unproved(), func(w *world, name string) { w.DNS.Fail("_acmsync."+name, 0, dns.Fault{Rcode: servFail}) }},
		},
	}
	for i := range ways {
		ways[i].want, ways[i].remedy = failure.OwnershipUnproven, add
	}
	return ways
}

// wantProofAsked checks that the name waits for its app's proof, and returns it
// as its owner reads it.
func (w *world) wantProofAsked(app, name string) record.RR {
	w.t.Helper()
	e := w.entry(app, name)
	if e.Reason != string(failure.OwnershipUnproven) || e.Attention != "owner" || len(e.Expected) != 1 || e.Fix == nil {
		w.t.Fatalf("%+v", e)
	}
	r := e.Expected[0]
	if !strings.Contains(e.Remedy, r.Value) || !strings.Contains(e.Fix.Zone, `. TXT "`+r.Value+`"`) {
		w.t.Errorf("remedy %q and zone %q do not say %q", e.Remedy, e.Fix.Zone, r.Value)
	}
	return record.RR{Type: r.Type, Name: r.Name, Value: r.Value}
}
