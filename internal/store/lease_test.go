package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestClaimOrderAndLimit(t *testing.T) {
	t.Parallel()
	s := open(t, urlIn(private(t)))
	for i, keys := range [][]string{{"late.example"}, {"b.example", "a.example"}, {"future.example"}} {
		var a store.Admission
		for _, key := range keys {
			a.Wants = append(a.Wants, want(key))
		}
		a.Now = noon.Add([]time.Duration{-time.Minute, -time.Hour, time.Microsecond}[i])
		admit(t, s, a)
	}
	var got []string
	for range 3 {
		leases, err := s.Claim(t.Context(), "test", noon, 2, long)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range leases {
			got = append(got, l.Key)
		}
		got = append(got, "|")
	}
	if diff := cmp.Diff("a.example b.example | late.example | |", strings.Join(got, " ")); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	if leases, err := s.Claim(t.Context(), "test", noon.Add(time.Hour), 0, long); len(leases) != 0 || err != nil {
		t.Errorf("a limit of 0 gave %d leases, %v", len(leases), err)
	}
}

func TestReleaseSetsDue(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	d := l.Domain
	d.Due = noon.Add(time.Hour)

	// Saving alone leaves the row due, for whoever comes after a crash.
	save(t, s, l, store.Change{Domain: d})
	if due := domains(t, s)["a.example"].Due; !due.Equal(noon) {
		t.Errorf("saving moved the wake time to %v", due)
	}
	release(t, s, l, d)
	next, err := s.NextDue(t.Context())
	if err != nil || !next.Equal(d.Due) {
		t.Errorf("next due %v (%v), want %v", next, err, d.Due)
	}
	if got := claim(t, s, noon); len(got) != 0 {
		t.Errorf("the row is claimed before it is due")
	}

	again := claim(t, s, d.Due)[0]
	if again.Epoch != l.Epoch+1 {
		t.Errorf("epoch %d after %d", again.Epoch, l.Epoch)
	}
	d.Due = time.Time{}
	release(t, s, again, d)
	if next, err := s.NextDue(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("nothing is due, but next due is %v, %v", next, err)
	}
}

// TestWakeUpIsNotLost: desired state changes while the row is worked on, and
// the holder, who knows nothing of it, puts the row to sleep.
func TestWakeUpIsNotLost(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	changed := want("a.example")
	changed.Refresh = "2"
	admit(t, s, store.Admission{Wants: []record.Want{changed}, Now: noon.Add(time.Second)})

	d := l.Domain
	d.State, d.Due = record.CertIssued, time.Time{}
	release(t, s, l, d)
	again := claim(t, s, noon.Add(time.Second))
	if len(again) != 1 {
		t.Fatal("the change was slept through")
	}
	if got := again[0].Domain; got.Refresh != "2" || got.State != record.CertIssued {
		t.Errorf("holder and admission overwrote each other: refresh %q, state %s", got.Refresh, got.State)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	p, o := issue(t, "a.example"), intent("a.example", "o1")
	d := l.Domain
	d.Certificate, d.Deployed = &p.Certificate, []record.Deployment{{Target: "edge", SHA256: p.SHA256}}
	save(t, s, l, store.Change{Domain: d, Pair: &p, Order: &o})

	changed := want("a.example")
	changed.Entry = "2"
	admit(t, s, store.Admission{Wants: []record.Want{changed}})
	forget := store.Change{Domain: d, Forget: true, Requests: []store.Request{{At: noon, Kind: "revoke"}}}
	if err := s.Save(t.Context(), l, forget); !errors.Is(err, store.ErrOvertaken) {
		t.Fatalf("a row that is wanted again was forgotten: %v", err)
	}
	if rs, err := s.Requests(t.Context(), time.Time{}); len(rs) != 0 || err != nil {
		t.Errorf("a refused change left %v, %v", rs, err)
	}
	release(t, s, l, d)

	l = claimOne(t, s)
	save(t, s, l, store.Change{Domain: l.Domain, Forget: true})
	if len(domains(t, s)) != 0 {
		t.Error("the row is still there")
	}
	if _, err := s.Pair(t.Context(), p.SHA256); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("its key is still there: %v", err)
	}
	if err := s.Release(t.Context(), l, l.Domain); err != nil {
		t.Errorf("releasing a forgotten row: %v", err)
	}
	for what, err := range map[string]error{
		"Save":   s.Save(t.Context(), l, store.Change{Domain: l.Domain}),
		"Extend": s.Extend(t.Context(), l, long),
	} {
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("%s of a forgotten row: %v", what, err)
		}
	}
}

// TestOvertaken: a lease ran out and another process took the row; the first
// wakes up and must not write anything.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	first, second := open(t, url), open(t, url)
	admitNames(t, first, "a.example")
	slow, err := first.Claim(t.Context(), "slow", noon, 1, -time.Second)
	if err != nil || len(slow) != 1 {
		t.Fatalf("%v, %v", slow, err)
	}
	// Over by the clock, but nobody came: what was done is kept.
	p := issue(t, "a.example")
	d := slow[0].Domain
	d.Certificate = &p.Certificate
	save(t, first, slow[0], store.Change{Domain: d, Pair: &p})

	quick := claimOne(t, second)
	if quick.Domain.Certificate == nil {
		t.Error("the second does not see the first's certificate")
	}
	mine := quick.Domain
	mine.State = record.CertIssued
	save(t, second, quick, store.Change{Domain: mine})
	for what, err := range map[string]error{
		"Save":    first.Save(t.Context(), slow[0], store.Change{Domain: d, Requests: []store.Request{{At: noon}}}),
		"Forget":  first.Save(t.Context(), slow[0], store.Change{Domain: d, Forget: true}),
		"Extend":  first.Extend(t.Context(), slow[0], long),
		"Release": first.Release(t.Context(), slow[0], d),
	} {
		if !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("%s of the overtaken: %v, want ErrLeaseLost", what, err)
		}
	}
	if got := domains(t, first)["a.example"]; got.State != record.CertIssued {
		t.Errorf("the overtaken wrote state %s", got.State)
	}
	if rs, err := first.Requests(t.Context(), time.Time{}); len(rs) != 0 || err != nil {
		t.Errorf("the overtaken left %v, %v", rs, err)
	}
	release(t, second, quick, mine)
}

// TestExtendDoesNotRevive: an extension that races a release loses.
func TestExtendDoesNotRevive(t *testing.T) {
	t.Parallel()
	s := open(t, urlIn(private(t)))
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("d%03d.example", i))
	}
	admitNames(t, s, keys...)
	done := make(chan error)
	leases := claim(t, s, noon)
	for _, l := range leases {
		go func() { done <- s.Extend(t.Context(), l, long) }()
		go func() { done <- s.Release(t.Context(), l, l.Domain) }()
	}
	for range 2 * len(leases) {
		if err := <-done; err != nil && !errors.Is(err, store.ErrLeaseLost) {
			t.Error(err)
		}
	}
	for _, l := range leases {
		if err := s.Extend(t.Context(), l, long); !errors.Is(err, store.ErrLeaseLost) {
			t.Fatalf("extending %s after its release: %v", l.Key, err)
		}
	}
	if again := claim(t, s, noon); len(again) != len(keys) {
		t.Errorf("%d of %d released rows can be claimed", len(again), len(keys))
	}
}

func TestExtendOutlastsTheFirstTerm(t *testing.T) {
	t.Parallel()
	url := urlIn(private(t))
	s, other := open(t, url), open(t, url)
	admitNames(t, s, "a.example")
	leases, err := s.Claim(t.Context(), "test", noon, 1, -time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Extend(t.Context(), leases[0], long); err != nil {
		t.Fatal(err)
	}
	if got := claim(t, other, noon); len(got) != 0 {
		t.Error("an extended lease was taken")
	}
}

// TestOneUnreadableRow: one broken entry is set aside, by key, and the others
// go on.
func TestOneUnreadableRow(t *testing.T) {
	t.Parallel()
	for what, breaks := range map[string]string{
		"a list":        `UPDATE domains SET findings = '[{' WHERE key = 'bad.example'`,
		"the names":     `UPDATE domains SET names = 'www' WHERE key = 'bad.example'`,
		"a time":        `UPDATE domains SET checked_at = 'yesterday' WHERE key = 'bad.example'`,
		"a certificate": `UPDATE certificates SET names = x'00' WHERE domain_key = 'bad.example'`,
		"an order":      `UPDATE orders SET authorizations = '{}' WHERE domain_key = 'bad.example'`,
		"a deployment":  `UPDATE deployments SET tries = 'many' WHERE domain_key = 'bad.example'`,
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			t.Parallel()
			dir := private(t)
			s := open(t, urlIn(dir))
			admitNames(t, s, "bad.example")
			l := claimOne(t, s)
			d, p, o := l.Domain, issue(t, "bad.example"), intent("bad.example", "o1")
			d.Certificate, d.Order, d.Deployed = &p.Certificate, &o, []record.Deployment{{Target: "edge"}}
			save(t, s, l, store.Change{Domain: d, Pair: &p, Order: &o})
			release(t, s, l, d)
			admitNames(t, s, "good.example")
			raw(t, dir, breaks)

			list, bad, err := s.Domains(t.Context())
			if err != nil || len(list) != 1 || list[0].Key != "good.example" {
				t.Errorf("the others: %v, %v", list, err)
			}
			if len(bad) != 1 || bad[0].Key != "bad.example" || bad[0].Err == nil {
				t.Errorf("unreadable: %v", bad)
			}
			if leases := claim(t, s, noon); len(leases) != 1 || leases[0].Key != "good.example" {
				t.Errorf("claimed %v, want the good row alone", leases)
			}
			if leases := claim(t, s, noon); len(leases) != 0 {
				t.Errorf("the bad row keeps coming: %v", leases)
			}
			admitNames(t, s, "third.example")
			if got := claimOne(t, s); got.Key != "third.example" {
				t.Errorf("claimed %s", got.Key)
			}
		})
	}
}

func TestFilesOfOwnersAreSwept(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	mkdir(t, filepath.Join(dir, "owners"), 0o700)
	leftover := filepath.Join(dir, "owners", "host-1-GONE")
	writeFile(t, leftover)
	claimOne(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "owners", "*"))
	if err != nil || len(files) != 1 || files[0] == leftover {
		t.Errorf("owners: %v, %v; want this session's alone", files, err)
	}
}
