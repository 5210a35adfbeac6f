package store_test

import (
	"bytes"
	"errors"
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
