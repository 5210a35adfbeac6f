package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withPair is a store with one row, claimed, that has a certificate.
func withPair(t *testing.T) (*store.Store, store.Lease, record.Domain, record.Pair) {
	t.Helper()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l, p := claimOne(t, s), issue(t, "a.example")
	d := l.Domain
	d.State, d.Certificate = record.CertIssued, &p.Certificate
	save(t, s, l, store.Change{Domain: d, Pair: &p})
	return s, l, d, p
}

// TestPairIsNeverLost: a valid pair is never replaced by nothing, by a
// mismatch, or by one that it replaced itself.
func TestPairIsNeverLost(t *testing.T) {
	t.Parallel()
	other := issue(t, "a.example")
	foreignKey, truncated, renamed := other, other, other
	foreignKey.Key = issue(t, "a.example").Key
	truncated.Chain = other.Chain[:len(other.Chain)/2]
	renamed.SHA256 = "00"
	for name, test := range map[string]struct {
		certificate *record.Certificate
		pair        *record.Pair
		err         error
	}{
		"nothing":            {nil, nil, store.ErrPairLost},
		"no pair":            {&other.Certificate, nil, store.ErrPairLost},
		"unnamed pair":       {nil, &other, store.ErrPairMismatch},
		"foreign key":        {&foreignKey.Certificate, &foreignKey, store.ErrPairMismatch},
		"truncated chain":    {&truncated.Certificate, &truncated, store.ErrPairMismatch},
		"other fingerprint":  {&renamed.Certificate, &renamed, store.ErrPairMismatch},
		"pair and the other": {&renamed.Certificate, &other, store.ErrPairMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, l, d, p := withPair(t)
			d.Certificate, d.State = test.certificate, record.Failing
			if err := s.Save(t.Context(), l, store.Change{Domain: d, Pair: test.pair}); !errors.Is(err, test.err) {
				t.Errorf("%v, want %v", err, test.err)
			}
			if err := s.Release(t.Context(), l, d); test.pair == nil && !errors.Is(err, test.err) {
				t.Errorf("releasing: %v, want %v", err, test.err)
			}
			got := domains(t, s)["a.example"]
			if got.Certificate == nil || got.Certificate.SHA256 != p.SHA256 || test.pair == nil && got.State != record.CertIssued {
				t.Errorf("after the refusal the row is %s with %+v", got.State, got.Certificate)
			}
			if kept, err := s.Pair(t.Context(), p.SHA256); err != nil || !reflect.DeepEqual(kept, p) {
				t.Errorf("after the refusal the pair is gone: %v", err)
			}
		})
	}
}

func TestReplacedPairStaysWhileItIsNeeded(t *testing.T) {
	t.Parallel()
	s, l, d, old := withPair(t)
	d.Deployed = []record.Deployment{{Target: "edge", SHA256: old.SHA256}}
	fresh := issue(t, "a.example")
	d.Certificate = &fresh.Certificate
	for range 2 { // writing the same again, after an answer was lost, is the same
		save(t, s, l, store.Change{Domain: d, Pair: &fresh})
	}
	kept := func(p record.Pair) bool {
		t.Helper()
		_, err := s.Pair(t.Context(), p.SHA256)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !kept(old) || !kept(fresh) {
		t.Error("the old pair is still served, but gone")
	}
	d.Certificate = &old.Certificate
	if err := s.Save(t.Context(), l, store.Change{Domain: d, Pair: &old}); !errors.Is(err, store.ErrPairLost) {
		t.Errorf("going back to the older pair: %v", err)
	}

	d.Certificate = &fresh.Certificate
	d.Superseded = []record.Superseded{{Certificate: old.Certificate, Reason: 4, RevokeAt: noon.Add(time.Hour), Why: "rekey"}}
	d.Deployed[0].SHA256 = fresh.SHA256
	save(t, s, l, store.Change{Domain: d})
	if !kept(old) {
		t.Error("the old pair is owed a revocation, but gone")
	}
	d.Superseded[0].RevokedAt = noon.Add(2 * time.Hour)
	save(t, s, l, store.Change{Domain: d})
	if diff := cmp.Diff(d.Superseded, domains(t, s)["a.example"].Superseded); diff != "" {
		t.Errorf("superseded (-saved +read):\n%s", diff)
	}
	d.Superseded = nil
	save(t, s, l, store.Change{Domain: d})
	if kept(old) || !kept(fresh) {
		t.Errorf("old kept: %v, want false; fresh kept: %v, want true", kept(old), kept(fresh))
	}
	d.Superseded = []record.Superseded{{Certificate: old.Certificate}}
	if err := s.Save(t.Context(), l, store.Change{Domain: d}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a revocation without the certificate: %v", err)
	}
}

// TestRenewal: a pair that no target acknowledged is simply replaced.
func TestRenewal(t *testing.T) {
	t.Parallel()
	s, l, d, old := withPair(t)
	fresh := issue(t, "a.example")
	d.Certificate = &fresh.Certificate
	save(t, s, l, store.Change{Domain: d, Pair: &fresh})
	if got := domains(t, s)["a.example"].Certificate; got == nil || got.SHA256 != fresh.SHA256 {
		t.Errorf("current is %+v, want %s", got, fresh.SHA256)
	}
	if _, err := s.Pair(t.Context(), old.SHA256); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old key is kept for nothing: %v", err)
	}
}

// TestCertificateEnds: a certificate may go when its name left, or when it is
// handed over for revocation.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	t.Run("superseded", func(t *testing.T) {
		t.Parallel()
		s, l, d, p := withPair(t)
		d.Certificate, d.Superseded = nil, []record.Superseded{{Certificate: p.Certificate, Reason: 1}}
		save(t, s, l, store.Change{Domain: d})
		if got := domains(t, s)["a.example"]; got.Certificate != nil || len(got.Superseded) != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		s, l, d, p := withPair(t)
		d.Mode, d.Certificate = record.Off, nil
		save(t, s, l, store.Change{Domain: d})
		if _, err := s.Pair(t.Context(), p.SHA256); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its key stayed: %v", err)
		}
	})
	t.Run("held", func(t *testing.T) {
		t.Parallel()
		s, l, d, _ := withPair(t)
		d.Mode, d.Held, d.Certificate = record.Removed, true, nil
		if err := s.Save(t.Context(), l, store.Change{Domain: d}); !errors.Is(err, store.ErrPairLost) {
			t.Errorf("a held certificate went: %v", err)
		}
	})
}

// TestDeletedKeysAreErased: nothing of a key is left in the files once its row
// is forgotten and its order closed.
func TestDeletedKeysAreErased(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	l, p, o := claimOne(t, s), issue(t, "a.example"), intent("a.example", "o1")
	d := l.Domain
	d.Certificate = &p.Certificate
	save(t, s, l, store.Change{Domain: d, Pair: &p, Order: &o})
	keys := func() (found int) {
		t.Helper()
		content := readAll(t, dir)
		for _, key := range [][]byte{p.Key, o.PrivateKey} {
			if bytes.Contains(content, key) {
				found++
			}
		}
		return found
	}
	if found := keys(); found != 2 {
		t.Fatalf("%d of 2 keys are in the files: this test proves nothing", found)
	}
	save(t, s, l, store.Change{Domain: d, Forget: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := keys(); found != 0 {
		t.Errorf("%d deleted keys are still in the files", found)
	}
}

func readAll(t *testing.T, dir string) (content []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "acmsync.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, part...)
	}
	return content
}

func TestOrderJournal(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	d, o := l.Domain, intent("a.example", "o1")
	d.Order = &o
	save(t, s, l, store.Change{Domain: d, Order: &o})

	// Later steps carry no key, as rows do; the journal keeps it.
	step := o
	step.PrivateKey, step.State, step.URL, step.NextAt = nil, record.OrderFinalizing, "https://ca.test/order/1", noon.Add(time.Second)
	step.Authorizations = []record.Authorization{{URL: "https://ca.test/authz/1", Name: "a.example", Token: "tok", Posted: true}}
	d.Order = &step
	save(t, s, l, store.Change{Domain: d, Order: &step})
	save(t, s, l, store.Change{Domain: d})
	got, ok, err := s.Order(t.Context(), "a.example")
	step.PrivateKey = o.PrivateKey
	if err != nil || !ok || !reflect.DeepEqual(got, step) {
		t.Errorf("the journal says %+v (%v, %v), want %+v", got, ok, err, step)
	}

	// Done: the pair holds the key now, and nothing else does.
	p := issue(t, "a.example")
	step.State = record.OrderDone
	d.Order, d.Certificate = nil, &p.Certificate
	save(t, s, l, store.Change{Domain: d, Order: &step, Pair: &p})
	if _, ok, err := s.Order(t.Context(), "a.example"); ok || err != nil {
		t.Errorf("a done order is open: %v, %v", ok, err)
	}
	raw(t, dir, `UPDATE orders SET polls = 1 WHERE id = 'o1' AND NOT open AND key IS NULL AND state = 'done'`)
	step.State = record.OrderFinalizing
	if err := s.Save(t.Context(), l, store.Change{Domain: d, Order: &step}); err == nil {
		t.Error("a done order was opened again")
	}

	next := intent("a.example", "o2")
	save(t, s, l, store.Change{Domain: d, Order: &next})
	if err := s.Prune(t.Context(), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := s.Order(t.Context(), "a.example"); err != nil || !ok || got.ID != "o2" {
		t.Errorf("pruning took the open order: %v, %v, %v", got.ID, ok, err)
	}
}

// TestOneOpenOrder: a row has at most one order in flight, the last one saved;
// a domain that says it has none closes it.
func TestOneOpenOrder(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	d := l.Domain
	for i := range 3 {
		o := intent("a.example", fmt.Sprint("o", i))
		save(t, s, l, store.Change{Domain: d, Order: &o})
		d.Order = &o
		if got := domains(t, s)["a.example"].Order; got == nil || got.ID != o.ID {
			t.Errorf("in flight is %+v, want %s", got, o.ID)
		}
	}
	d.Order = nil
	release(t, s, l, d)
	if got := domains(t, s)["a.example"].Order; got != nil {
		t.Errorf("in flight is %+v, want none", got)
	}
}

func TestOneIntentPerNames(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example", "b.example")
	leases := claim(t, s, noon)
	o := intent("a.example", "o1")
	o.Names = []string{"b.example", "a.example"}
	save(t, s, leases[0], store.Change{Domain: leases[0].Domain, Order: &o})
	same := intent("b.example", "o2")
	same.Names = []string{"a.example", "b.example"}
	if err := s.Save(t.Context(), leases[1], store.Change{Domain: leases[1].Domain, Order: &same}); !errors.Is(err, store.ErrOpenIntent) {
		t.Errorf("a second intent for the same names: %v", err)
	}
	same.Directory = "https://other.test/dir"
	save(t, s, leases[1], store.Change{Domain: leases[1].Domain, Order: &same})
	wrong := intent("a.example", "o3")
	if err := s.Save(t.Context(), leases[1], store.Change{Domain: leases[1].Domain, Order: &wrong}); err == nil {
		t.Error("an order of another row was saved")
	}
}

func TestBooks(t *testing.T) {
	t.Parallel()
	s := open(t, store.Memory)
	admitNames(t, s, "a.example")
	l := claimOne(t, s)
	b := record.Bucket{Directory: "https://ca.test/dir", Account: "1", Limit: "orders", Key: ""}
	c := record.Bucket{Directory: "https://ca.test/dir", Account: "1", Limit: "names", Key: "a.example"}
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	requests := []store.Request{{noon, "https://ca.test/dir", "newOrder", "a.example"}, {at(time.Second), "https://ca.test/dir", "finalize", "a.example"}}
	seen, err := s.Ledger(t.Context())
	if err != nil || len(seen) != 0 {
		t.Fatalf("%v, %v", seen, err)
	}
	save(t, s, l, store.Change{
		Domain: l.Domain, Requests: requests, Seen: seen,
		Spent: record.Ledger{b: at(time.Hour), c: at(time.Minute)},
	})
	// Who computed from an older reading must compute again, and one who does
	// not say what he read never makes a bucket fuller.
	late := store.Change{Domain: l.Domain, Seen: seen, Spent: record.Ledger{b: at(2 * time.Hour)}}
	if err := s.Save(t.Context(), l, late); !errors.Is(err, store.ErrLedgerMoved) {
		t.Errorf("a debit lost another: %v", err)
	}
	save(t, s, l, store.Change{Domain: l.Domain, Spent: record.Ledger{b: at(time.Second), c: at(time.Hour)}})
	got, err := s.Ledger(t.Context())
	if diff := cmp.Diff(record.Ledger{b: at(time.Hour), c: at(time.Hour)}, got); diff != "" || err != nil {
		t.Errorf("ledger (-want +got), %v:\n%s", err, diff)
	}
	// Who says what he read may give back what was spent in vain.
	save(t, s, l, store.Change{Domain: l.Domain, Seen: got, Spent: record.Ledger{b: at(time.Minute)}})
	got, err = s.Ledger(t.Context())
	if diff := cmp.Diff(record.Ledger{b: at(time.Minute), c: at(time.Hour)}, got); diff != "" || err != nil {
		t.Errorf("ledger after a refund (-want +got), %v:\n%s", err, diff)
	}

	log, err := s.Requests(t.Context(), at(time.Second))
	if diff := cmp.Diff(requests[1:], log); diff != "" || err != nil {
		t.Errorf("requests (-want +got), %v:\n%s", err, diff)
	}
	if err := s.Prune(t.Context(), at(time.Second)); err != nil {
		t.Fatal(err)
	}
	log, err = s.Requests(t.Context(), time.Time{})
	if diff := cmp.Diff(requests[1:], log); diff != "" || err != nil {
		t.Errorf("requests after pruning (-want +got), %v:\n%s", err, diff)
	}
	if err := s.Prune(t.Context(), at(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Ledger(t.Context()); len(got) != 0 || err != nil {
		t.Errorf("full buckets stayed: %v, %v", got, err)
	}
}

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
