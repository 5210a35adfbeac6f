package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestAdmitCountsOnlyRealChanges(t *testing.T) {
	t.Parallel()
	s := open(t, urlIn(private(t)))
	admitNames(t, s, "a.example", "b.example")
	for _, l := range claim(t, s, noon) {
		d := l.Domain
		d.State, d.Due = record.CertIssued, noon.Add(24*time.Hour)
		release(t, s, l, d)
	}
	changed := want("b.example")
	changed.Refresh = "2"
	later := noon.Add(time.Hour)
	admit(t, s, store.Admission{Wants: []record.Want{want("a.example"), changed}, Now: later})

	got := domains(t, s)
	if a := got["a.example"]; a.Generation != 1 || !a.Due.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("the unchanged row moved: generation %d, due %v", a.Generation, a.Due)
	}
	b := got["b.example"]
	if b.Generation != 2 || !b.Due.Equal(later) || b.Refresh != "2" {
		t.Errorf("the changed row: generation %d, due %v, refresh %q", b.Generation, b.Due, b.Refresh)
	}
	if b.State != record.CertIssued {
		t.Errorf("admission wrote the state: %s", b.State)
	}
}

// TestAdmitTransfers: another app is only another value; all that was reached
// stays with the name.
func TestAdmitTransfers(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l, p := claimOne(t, s), issue(t, "a.example")
	d := l.Domain
	d.Certificate = &p.Certificate
	save(t, s, l, store.Change{Domain: d, Pair: &p})
	release(t, s, l, d)
	before := domains(t, s)["a.example"]

	moved := want("a.example")
	moved.App = "blog"
	admit(t, s, store.Admission{Wants: []record.Want{moved}})
	before.App, before.Generation, before.Due = "blog", 2, noon
	if diff := cmp.Diff(before, domains(t, s)["a.example"]); diff != "" {
		t.Errorf("after the transfer (-want +got):\n%s", diff)
	}
}

// TestAdmitNeverPutsOff: a row that is due sooner stays due sooner.
func TestAdmitNeverPutsOff(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example", "asleep.example")
	leases := claim(t, s, noon)
	release(t, s, leases[0], leases[0].Domain)
	asleep := leases[1].Domain
	asleep.Due = time.Time{}
	release(t, s, leases[1], asleep)
	if next, err := s.NextDue(t.Context()); err != nil || !next.Equal(noon) {
		t.Fatalf("next due %v, %v", next, err)
	}

	later := noon.Add(time.Hour)
	a, b := want("a.example"), want("asleep.example")
	a.Entry, b.Entry = "2", "2"
	admit(t, s, store.Admission{Wants: []record.Want{a, b}, Now: later})
	got := domains(t, s)
	if due := got["a.example"].Due; !due.Equal(noon) {
		t.Errorf("a row due at noon was put off to %v", due)
	}
	if due := got["asleep.example"].Due; !due.Equal(later) {
		t.Errorf("a row that nothing would have moved is due at %v, want %v", due, later)
	}
}

// TestWakeAll: new settings concern every row: those asleep, and those that
// are worked on under the old ones, whose holder is about to put them to sleep.
func TestWakeAll(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "asleep.example", "leased.example")
	leases := claim(t, s, noon)
	asleep, leased := leases[0].Domain, leases[1].Domain
	asleep.Due, leased.Due = time.Time{}, noon.AddDate(0, 1, 0)
	release(t, s, leases[0], asleep)
	later := noon.Add(time.Hour)
	admit(t, s, store.Admission{WakeAll: true, Now: later})
	release(t, s, leases[1], leased)
	if got := claim(t, s, later); len(got) != 2 {
		t.Errorf("%d of 2 rows are due", len(got))
	}
}

func TestRefusedFilesAreRemembered(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	faults := []record.FileError{{File: "apps.yaml", Line: 3, Column: 5, Message: "unknown field"}}
	for _, expect := range [][]record.FileError{faults, nil} {
		admit(t, s, store.Admission{Errors: expect})
		m, err := s.Meta(t.Context())
		if diff := cmp.Diff(expect, m.Errors); diff != "" || err != nil {
			t.Errorf("errors (-admitted +read), %v:\n%s", err, diff)
		}
	}
}

func TestAdmitIsOneTransaction(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	twice := []record.App{{Name: "shop"}, {Name: "shop"}}
	err := s.Admit(t.Context(), store.Admission{Wants: []record.Want{want("a.example")}, Apps: twice, DesiredHash: "h", Now: noon})
	if err == nil {
		t.Fatal("an app was admitted twice")
	}
	m, metaErr := s.Meta(t.Context())
	if len(domains(t, s)) != 0 || m.DesiredHash != "" || m.Admissions != 0 || metaErr != nil {
		t.Errorf("a failed admission left something: %+v, %v", m, metaErr)
	}
}

func TestStaleAdmission(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	err := s.Admit(t.Context(), store.Admission{Base: 0, Wants: []record.Want{want("b.example")}, Now: noon})
	if !errors.Is(err, store.ErrStaleAdmission) {
		t.Errorf("an admission computed before another gave %v", err)
	}
	if _, ok := domains(t, s)["b.example"]; ok {
		t.Error("and was written")
	}
}

func held(key, hash string) record.Want {
	w := want(key)
	w.Mode, w.Held, w.HoldHash, w.LeftAt = record.Removed, true, hash, noon
	return w
}

func TestApprove(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admit(t, s, store.Admission{Wants: []record.Want{held("a.example", "abc")}, DesiredHash: "d1", SettingsHash: "s1", Revision: "r1", Tip: "t1"})
	for _, hash := range []string{"", "abd"} {
		if err := s.Approve(t.Context(), hash); !errors.Is(err, store.ErrUnknownHash) {
			t.Errorf("approving %q gave %v", hash, err)
		}
	}
	for range 2 {
		if err := s.Approve(t.Context(), "abc"); err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expect := store.Meta{SettingsHash: "s1", Revision: "r1", Tip: "t1", Approved: map[string]bool{"abc": true}, Admissions: 1, Changes: 1}
	if diff := cmp.Diff(expect, m); diff != "" {
		t.Errorf("after the approval (-want +got):\n%s", diff)
	}

	// An admission that did not see the approval must not bury it.
	admit(t, s, store.Admission{DesiredHash: "d1"})
	if m, err := s.Meta(t.Context()); err != nil || m.DesiredHash != "" || !m.Approved["abc"] {
		t.Errorf("an admission that did not use the approval: %+v, %v", m, err)
	}
	let := held("a.example", "")
	let.Held = false
	admit(t, s, store.Admission{Wants: []record.Want{let}, UsedApprovals: []string{"abc"}, DesiredHash: "d1"})
	if m, err := s.Meta(t.Context()); err != nil || m.DesiredHash != "d1" || len(m.Approved) != 0 {
		t.Errorf("after its use: %+v, %v", m, err)
	}
	if err := s.Approve(t.Context(), "abc"); !errors.Is(err, store.ErrUnknownHash) {
		t.Errorf("approving what is no longer held gave %v", err)
	}
}

// TestApprovalDoesNotLinger: when the removal is undone, so is its approval;
// the same removal later is held again.
func TestApprovalDoesNotLinger(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admit(t, s, store.Admission{Wants: []record.Want{held("a.example", "abc")}})
	if err := s.Approve(t.Context(), "abc"); err != nil {
		t.Fatal(err)
	}
	admit(t, s, store.Admission{Wants: []record.Want{want("a.example")}, DesiredHash: "d2"})
	admit(t, s, store.Admission{Wants: []record.Want{held("a.example", "abc")}, DesiredHash: "d3"})
	if m, err := s.Meta(t.Context()); err != nil || len(m.Approved) != 0 || m.DesiredHash != "d3" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestSetMeta(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	set := func(m store.Meta) store.Meta {
		t.Helper()
		if err := s.SetMeta(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got, err := s.Meta(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got.Approved = nil
		return got
	}
	const first, second = "https://one.test", "https://two.test"
	said := record.Issuer{CAAIdentities: []string{"one.test"}, AccountURI: "https://one.test/1"}
	one := store.Meta{Tip: "t", CAs: map[string]record.Issuer{first: said}, Published: 3, Sharded: "true"}
	if diff := cmp.Diff(one, set(one)); diff != "" {
		t.Errorf("(-set +got):\n%s", diff)
	}
	// DesiredHash is Admit's.
	if diff := cmp.Diff(one, set(store.Meta{DesiredHash: "x"})); diff != "" {
		t.Errorf("zero fields and others' fields were written:\n%s", diff)
	}
	two := one
	two.CAs = map[string]record.Issuer{first: said, second: {CAAIdentities: []string{"two.test"}}}
	if diff := cmp.Diff(two, set(store.Meta{CAs: map[string]record.Issuer{second: {CAAIdentities: []string{"two.test"}}}})); diff != "" {
		t.Errorf("what is known of one CA became another's:\n%s", diff)
	}
	two.CAs = map[string]record.Issuer{first: said, second: {CAAIdentities: []string{"two.test"}, AccountURI: "https://two.test/9"}}
	if diff := cmp.Diff(two, set(store.Meta{CAs: map[string]record.Issuer{second: {AccountURI: "https://two.test/9"}}})); diff != "" {
		t.Errorf("the account took the place of the identities:\n%s", diff)
	}
}
