package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// brings is a want of each key that brings the pair along.
func brings(p record.Pair, keys ...string) store.Admission {
	a := store.Admission{Pairs: map[string]record.Pair{p.SHA256: p}}
	for _, key := range keys {
		w := want(key)
		w.Mode, w.Brought = record.ByHand, &record.Brought{Chain: "c.pem", Key: "c.age", Certificate: &p.Certificate}
		a.Wants = append(a.Wants, w)
	}
	return a
}

// own is a pair that no CA of ours gave out.
func own(t *testing.T, name string) record.Pair {
	t.Helper()
	p := issue(t, name)
	p.Origin, p.Directory, p.Account = record.OriginBrought, "", ""
	return p
}

// TestABroughtPairIsTakenUp: a row whose certificate becomes the one that its
// owner brings along gets the pair that admission stored. One certificate may
// serve several rows, each of which ends by itself.
func TestABroughtPairIsTakenUp(t *testing.T) {
	t.Parallel()
	s, p := open(t, store.Memory), own(t, "*.example")
	admit(t, s, brings(p, "a.example", "b.example"))
	for _, l := range claim(t, s, noon) {
		d := l.Domain
		c := *d.Brought.Certificate
		c.IssuedAt = noon
		d.State, d.Certificate, d.Due = record.Manual, &c, time.Time{}
		release(t, s, l, d)
	}
	kept, err := s.Pair(t.Context(), p.SHA256)
	if p.IssuedAt = noon; err != nil || !reflect.DeepEqual(kept, p) {
		t.Errorf("%v, %v; want %v", kept, err, p)
	}
	if newest, err := s.Newest(t.Context()); err != nil || !newest.IsZero() {
		t.Errorf("what no CA gave out says nothing of the time, and yet %v, %v", newest, err)
	}
	gone := want("a.example")
	gone.Mode = record.Removed
	admit(t, s, store.Admission{Wants: []record.Want{gone}})
	l := claimOne(t, s)
	save(t, s, l, store.Change{Domain: l.Domain, Forget: true})
	if rows := domains(t, s); len(rows) != 1 || rows["b.example"].Certificate == nil {
		t.Errorf("with one row forgotten there are %+v", rows)
	}
	if _, err := s.Pair(t.Context(), p.SHA256); err != nil {
		t.Errorf("the other row lost its pair: %v", err)
	}
}

// TestABroughtPairComesBack: its row had it before, and a target still does.
func TestABroughtPairComesBack(t *testing.T) {
	t.Parallel()
	s, first, second := open(t, store.Memory), own(t, "a.example"), own(t, "a.example")
	for i, p := range []record.Pair{first, second, first} {
		admit(t, s, brings(p, "a.example"))
		l := claimOne(t, s)
		d := l.Domain
		c := p.Certificate
		c.IssuedAt = noon.Add(time.Duration(i) * time.Hour)
		d.Certificate, d.Deployed = &c, []record.Deployment{{Target: "edge", SHA256: first.SHA256}}
		d.Due = noon
		release(t, s, l, d)
		if got := domains(t, s)["a.example"].Certificate; got == nil || !reflect.DeepEqual(*got, c) {
			t.Fatalf("after step %d: %+v, want %+v", i+1, got, c)
		}
	}
}

// TestAWantNeverNamesAPairThatNobodyHas, and a holder that was overtaken by
// another pair is told so.
func TestAWantNeverNamesAPairThatNobodyHas(t *testing.T) {
	t.Parallel()
	s, first, second := open(t, store.Memory), own(t, "a.example"), own(t, "a.example")
	a := brings(first, "a.example")
	a.Pairs = nil
	if err := s.Admit(t.Context(), a); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("admitted: %v", err)
	}
	admit(t, s, brings(first, "a.example"))
	l := claimOne(t, s)
	admit(t, s, brings(second, "a.example"))
	d := l.Domain
	d.Certificate = &first.Certificate
	if err := s.Save(t.Context(), l, store.Change{Domain: d, Current: true}); !errors.Is(err, store.ErrOvertaken) {
		t.Errorf("saved: %v", err)
	}
	release(t, s, l, l.Domain)
	l = claimOne(t, s)
	d = l.Domain
	d.Certificate = &first.Certificate
	if err := s.Save(t.Context(), l, store.Change{Domain: d}); !errors.Is(err, store.ErrPairLost) {
		t.Errorf("saved: %v", err)
	}
	a = brings(second, "a.example")
	a.Pairs, a.Wants[0].Target = nil, "other.example"
	admit(t, s, a) // as of a file that is refused: the pair is there already
	mismatched := brings(second, "a.example")
	pair := mismatched.Pairs[second.SHA256]
	pair.Key = first.Key
	mismatched.Pairs[second.SHA256] = pair
	m, err := s.Meta(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mismatched.Base = m.Admissions
	if err := s.Admit(t.Context(), mismatched); !errors.Is(err, store.ErrPairMismatch) {
		t.Errorf("admitted: %v", err)
	}
}
