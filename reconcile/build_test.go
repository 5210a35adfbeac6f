package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

const www = "www.shop.example"

// app builds an app with these domains, changed by edits.
func app(name string, domains ...string) spec.App {
	a := spec.App{Name: name, File: "apps/" + name + ".yaml", Runtime: spec.Common}
	for _, d := range domains {
		a.Domains = append(a.Domains, spec.Domain{Name: d})
	}
	return a
}

func with(a spec.App, edit func(*spec.App)) spec.App {
	edit(&a)
	return a
}

func desired(apps ...spec.App) reconcile.Desired {
	var d reconcile.Desired
	for _, a := range apps {
		d.Apps = append(d.Apps, reconcile.DesiredApp{App: a})
	}
	return d
}

func refused(d reconcile.Desired) reconcile.Desired {
	for i := range d.Apps {
		d.Apps[i].Refused = &record.FileError{File: d.Apps[i].File, Line: 3, Column: 5, Message: "unknown field"}
	}
	return d
}

// stage is a store in memory: rows and apps, moved by admissions.
type stage struct {
	t      *testing.T
	policy reconcile.Policy
	known  reconcile.Known
	now    time.Time
}

func newStage(t *testing.T, p reconcile.Policy, apps ...spec.App) *stage {
	t.Helper()
	s := &stage{t: t, policy: p, now: start, known: reconcile.Known{Branch: "main", Revision: "c0", Descends: true}}
	s.admit(desired(apps...))
	return s
}

func (s *stage) admit(d reconcile.Desired) reconcile.Admission {
	s.t.Helper()
	a := reconcile.Admit(d, s.known, s.policy, s.now)
	s.known.Domains = reconcile.Apply(s.known.Domains, a, s.now)
	s.known.Apps = a.Apps
	s.known.Descends = true
	for _, hash := range a.UsedApprovals {
		delete(s.known.Approved, hash)
	}
	return a
}

// issue gives every row a certificate that is deployed.
func (s *stage) issue() *stage {
	for i := range s.known.Domains {
		s.known.Domains[i] = certified(s.known.Domains[i], s.policy, s.now)
	}
	return s
}

func (s *stage) row(name string) record.Domain {
	s.t.Helper()
	for _, d := range s.known.Domains {
		if d.Key == name {
			return d
		}
	}
	s.t.Fatalf("there is no row for %s", name)
	return record.Domain{}
}

func (s *stage) app(name string) record.App {
	s.t.Helper()
	for _, a := range s.known.Apps {
		if a.Name == name {
			return a
		}
	}
	s.t.Fatalf("there is no app %s", name)
	return record.App{}
}

func certificate(name string, p reconcile.Policy, now time.Time) *record.Certificate {
	return &record.Certificate{
		Serial: "01" + fmt.Sprintf("%x", name), SHA256: "aa" + fmt.Sprintf("%x", name), Names: []string{name},
		NotBefore: now, NotAfter: now.Add(90 * day), IssuedAt: now,
		Origin: record.OriginACME, Directory: p.Directory, Account: p.Platform.AccountURI,
	}
}

// certified is the row with everything it wants, as of now.
func certified(d record.Domain, p reconcile.Policy, now time.Time) record.Domain {
	d.Certificate = certificate(d.Key, p, now)
	d.Deployed = nil
	for _, target := range p.Targets {
		d.Deployed = append(d.Deployed, record.Deployment{Target: target, SHA256: d.Certificate.SHA256, At: now})
	}
	d.State, d.Since, d.CheckedAt = record.CertIssued, now, now
	d.Checks = record.Checks{
		DNS: record.Pass, CAA: record.Pass, Challenge: record.Pass,
		Issued: record.Pass, Deployed: record.Pass, Served: record.Pass,
	}
	d.HandledEntry, d.HandledRefresh, d.HandledRekey = d.Entry, d.Refresh, d.Rekey
	d.Certificate.Rekey = d.Rekey
	return d
}

// wanted is a fresh row of one app.
func wanted(t *testing.T, p reconcile.Policy, edits ...func(*spec.App)) record.Domain {
	t.Helper()
	a := app("shop", www)
	for _, edit := range edits {
		edit(&a)
	}
	return newStage(t, p, a).row(a.Domains[0].Name)
}

// issued is the same row with its certificate deployed.
func issued(t *testing.T, p reconcile.Policy, edits ...func(*spec.App)) record.Domain {
	t.Helper()
	return certified(wanted(t, p, edits...), p, start)
}

// look asks and decides, the name being in that health.
func look(d record.Domain, h health, p reconcile.Policy, now time.Time) reconcile.Decision {
	d, q, ask := reconcile.Ask(d, p, now)
	var seen record.Observation
	if ask {
		seen = observation(q, h, q.ServedSHA256, now)
	}
	return reconcile.Decide(d, seen, p, now)
}

// only is the one action of a decision.
func only(t *testing.T, dec reconcile.Decision) reconcile.Action {
	t.Helper()
	if len(dec.Actions) != 1 {
		t.Fatalf("want one action, got %+v and outcome %+v", dec.Actions, dec.Outcome)
	}
	return dec.Actions[0]
}

// rests asserts that nothing is done, and returns the outcome.
func rests(t *testing.T, dec reconcile.Decision, kind reconcile.OutcomeKind) reconcile.Outcome {
	t.Helper()
	if len(dec.Actions) > 0 || dec.Outcome.Kind != kind {
		t.Fatalf("want outcome %s, got %+v and actions %+v", kind, dec.Outcome, dec.Actions)
	}
	return dec.Outcome
}

func state(t *testing.T, d record.Domain, want record.State) {
	t.Helper()
	if d.State != want {
		t.Fatalf("%s is %s, want %s: %+v", d.Key, d.State, want, d)
	}
}

func code(t *testing.T, d record.Domain, want failure.Code) {
	t.Helper()
	if !isFailure(d, want) {
		t.Fatalf("%s: want first finding %s, got %+v", d.Key, want, d.Findings)
	}
}
