package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// model is what a store should be, in a few lines: rows, and who may write
// them.
type model struct {
	s    *store.Store
	now  time.Time
	rows map[string]*modelRow
	// leases are all that were ever given out.
	leases []modelLease
}

type modelRow struct {
	entry, handled string
	generation     int64
	due            time.Time
	// holder is the lease that may write, -1 none; live: it also keeps others
	// away.
	holder int
	live   bool
}

type modelLease struct {
	store.Lease
	row *modelRow
}

// TestModel runs random histories of admissions, claims, saves, releases,
// extensions, expiries and removals against the model.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, err := store.Open(t.Context(), store.Memory, store.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		m := &model{s: s, now: noon, rows: make(map[string]*modelRow)}
		rt.Repeat(map[string]func(*rapid.T){
			"admit":   func(rt *rapid.T) { m.admit(t, rt) },
			"claim":   func(rt *rapid.T) { m.claim(t, rt) },
			"save":    func(rt *rapid.T) { m.save(t, rt) },
			"release": func(rt *rapid.T) { m.release(t, rt) },
			"extend":  func(rt *rapid.T) { m.extend(t, rt) },
			"forget":  func(rt *rapid.T) { m.forget(t, rt) },
			"wait": func(rt *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "minutes")) * time.Minute)
			},
			"": func(rt *rapid.T) { m.check(t, rt) },
		})
	})
}

func (m *model) admit(t *testing.T, rt *rapid.T) {
	meta, err := m.s.Meta(t.Context())
	if err != nil {
		rt.Fatal(err)
	}
	a := store.Admission{Base: meta.Admissions, Now: m.now}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(rt, "keys") {
		w := want(key)
		w.Entry = rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "entry")
		a.Wants = append(a.Wants, w)
		row := m.rows[key]
		switch {
		case row == nil:
			m.rows[key] = &modelRow{entry: w.Entry, generation: 1, due: m.now, holder: -1}
		case row.entry != w.Entry:
			row.entry, row.generation = w.Entry, row.generation+1
			if row.due.IsZero() || row.due.After(m.now) {
				row.due = m.now
			}
		}
	}
	if err := m.s.Admit(t.Context(), a); err != nil {
		rt.Fatal(err)
	}
}

// ttl draws a term that is over at once, or will not be in this test.
func ttl(rt *rapid.T) (time.Duration, bool) {
	live := rapid.Bool().Draw(rt, "live")
	if live {
		return long, true
	}
	return -time.Second, false
}

func (m *model) claim(t *testing.T, rt *rapid.T) {
	limit := rapid.IntRange(1, 3).Draw(rt, "limit")
	term, live := ttl(rt)
	got, err := m.s.Claim(t.Context(), "test", m.now, limit, term)
	if err != nil {
		rt.Fatal(err)
	}
	free := 0
	for _, row := range m.rows {
		if !row.due.IsZero() && !row.due.After(m.now) && !row.live {
			free++
		}
	}
	if len(got) != min(free, limit) {
		rt.Fatalf("claimed %d rows; %d are free, the limit is %d", len(got), free, limit)
	}
	for _, l := range got {
		row := m.rows[l.Key]
		if row.live {
			rt.Fatalf("%s was claimed from under a live lease", l.Key)
		}
		row.holder, row.live = len(m.leases), live
		m.leases = append(m.leases, modelLease{l, row})
	}
}

// draw picks any lease that was ever given out; ok says whether it still
// allows writing.
func (m *model) draw(rt *rapid.T) (l modelLease, ok bool) {
	if len(m.leases) == 0 {
		rt.Skip("no lease yet")
	}
	i := rapid.IntRange(0, len(m.leases)-1).Draw(rt, "lease")
	l = m.leases[i]
	return l, l.row.holder == i && m.rows[l.Key] == l.row
}

func expect(rt *rapid.T, what string, err error, ok bool) {
	if ok && err != nil || !ok && !errors.Is(err, store.ErrLeaseLost) {
		rt.Fatalf("%s: %v; the lease stands: %v", what, err, ok)
	}
}

func (m *model) step(rt *rapid.T, l modelLease) record.Domain {
	d := l.Domain
	d.HandledEntry = fmt.Sprint(rapid.IntRange(0, 99).Draw(rt, "handled"))
	return d
}

func (m *model) save(t *testing.T, rt *rapid.T) {
	l, ok := m.draw(rt)
	d := m.step(rt, l)
	expect(rt, "save", m.s.Save(t.Context(), l.Lease, store.Change{Domain: d}), ok)
	if ok {
		l.row.handled = d.HandledEntry
	}
}

func (m *model) release(t *testing.T, rt *rapid.T) {
	l, ok := m.draw(rt)
	d := m.step(rt, l)
	d.Due = time.Time{}
	if minutes := rapid.IntRange(-1, 60).Draw(rt, "due"); minutes >= 0 {
		d.Due = m.now.Add(time.Duration(minutes) * time.Minute)
	}
	err := m.s.Release(t.Context(), l.Lease, d)
	if m.rows[l.Key] == nil {
		if err != nil {
			rt.Fatalf("releasing a forgotten row: %v", err)
		}
		return
	}
	expect(rt, "release", err, ok)
	if !ok {
		return
	}
	l.row.handled, l.row.holder, l.row.live = d.HandledEntry, -1, false
	if l.row.generation == l.Domain.Generation {
		l.row.due = d.Due
	}
}

func (m *model) extend(t *testing.T, rt *rapid.T) {
	l, ok := m.draw(rt)
	term, live := ttl(rt)
	expect(rt, "extend", m.s.Extend(t.Context(), l.Lease, term), ok)
	if ok {
		l.row.live = live
	}
}

func (m *model) forget(t *testing.T, rt *rapid.T) {
	l, ok := m.draw(rt)
	err := m.s.Save(t.Context(), l.Lease, store.Change{Domain: l.Domain, Forget: true})
	if ok && l.row.generation != l.Domain.Generation {
		if !errors.Is(err, store.ErrOvertaken) {
			rt.Fatalf("forgetting what is wanted again: %v", err)
		}
		return
	}
	expect(rt, "forget", err, ok)
	if ok {
		delete(m.rows, l.Key)
	}
}

// seen is what the store and the model must agree on.
type seen struct {
	Entry, Handled string
	Generation     int64
	Due            time.Time
}

func (m *model) check(t *testing.T, rt *rapid.T) {
	list, bad, err := m.s.Domains(t.Context())
	if err != nil || bad != nil {
		rt.Fatal(err, bad)
	}
	is, should := make(map[string]seen), make(map[string]seen)
	for _, d := range list {
		is[d.Key] = seen{d.Entry, d.HandledEntry, d.Generation, d.Due}
	}
	var next time.Time
	for key, row := range m.rows {
		should[key] = seen{row.entry, row.handled, row.generation, row.due}
		if !row.live && !row.due.IsZero() && (next.IsZero() || row.due.Before(next)) {
			next = row.due
		}
	}
	if diff := cmp.Diff(should, is); diff != "" {
		rt.Fatalf("rows (-model +store):\n%s", diff)
	}
	if got, err := m.s.NextDue(t.Context()); err != nil || !got.Equal(next) {
		rt.Fatalf("next due: %v, %v; want %v", got, err, next)
	}
	if n, err := m.s.Busy(t.Context(), m.now); n != 0 || err != nil {
		rt.Fatalf("busy with ourselves: %d, %v", n, err)
	}
}
