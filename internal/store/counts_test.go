package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func TestCountsAndNewest(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	if newest, err := s.Newest(t.Context()); err != nil || !newest.IsZero() {
		t.Errorf("newest of nothing: %v, %v", newest, err)
	}
	admitNames(t, s, "a.example", "b.example", "c.example")
	for i, l := range claim(t, s, noon)[:2] {
		d := l.Domain
		d.State, d.CheckedAt = record.Failing, noon.Add(time.Duration(i)*time.Minute)
		d.Findings = []record.Finding{{Code: "aaaa-mismatch", Warning: true}, {Code: "incorrect-dns"}}
		if i == 0 {
			save(t, s, l, store.Change{Domain: d, Requests: []store.Request{{noon, "https://ca.test/dir", "newOrder", d.Key}}})
		}
		release(t, s, l, d)
	}
	counts, err := s.Counts(t.Context())
	expect := []store.Count{{record.Auto, record.Failing, "incorrect-dns", 2}, {record.Auto, record.Waiting, "", 1}}
	if diff := cmp.Diff(expect, counts); diff != "" || err != nil {
		t.Errorf("counts (-want +got), %v:\n%s", err, diff)
	}
	// The second row was checked later, but only a request counts.
	if newest, err := s.Newest(t.Context()); err != nil || !newest.Equal(noon) {
		t.Errorf("newest: %v, %v", newest, err)
	}
}

// TestChangesTellWhetherStatusIsDue: the count moves with what status shows,
// and an idle pass leaves it alone.
func TestChangesTellWhetherStatusIsDue(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	changes := func() int64 {
		t.Helper()
		m, err := s.Meta(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m.Changes
	}
	admitNames(t, s, "a.example")
	admitted := changes()
	l := claimOne(t, s)
	if admitted == 0 || changes() != admitted {
		t.Errorf("%d after admission, %d after the claim", admitted, changes())
	}
	save(t, s, l, store.Change{Domain: l.Domain})
	saved := changes()
	release(t, s, l, l.Domain)
	if saved <= admitted || changes() <= saved {
		t.Errorf("%d, %d, %d: want each to move", admitted, saved, changes())
	}
}
