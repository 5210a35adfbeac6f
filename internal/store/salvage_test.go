package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// manyDomains is how many rows the damaged stores had, over a few dozen pages.
const manyDomains = 24

// fullStore is a folder with a closed store of many issued rows.
func fullStore(t *testing.T) (dir string, pairs map[string]record.Pair) {
	t.Helper()
	dir, pairs = private(t), map[string]record.Pair{}
	s, err := store.Open(t.Context(), urlIn(dir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := range manyDomains {
		keys = append(keys, fmt.Sprintf("d%02d.example", i))
	}
	a := store.Admission{Apps: []record.App{{Name: "shop", File: "apps.yaml", ACM: "enabled"}}}
	for _, key := range keys {
		a.Wants = append(a.Wants, want(key))
	}
	admit(t, s, a)
	for _, l := range claim(t, s, noon) {
		p, d := issue(t, l.Key), l.Domain
		d.Certificate, d.State, d.HandledRekey, d.Due = &p.Certificate, record.CertIssued, p.SHA256, noon.Add(long)
		d.Deployed = []record.Deployment{{Target: "edge", SHA256: p.SHA256, At: noon}}
		save(t, s, l, store.Change{Domain: d, Pair: &p})
		release(t, s, l, d)
		pairs[l.Key] = p
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, pairs
}

// TestDamagedPages flips bytes in each page of the database in turn, and cuts
// it off there. Whatever the damage: opening and reading never panics, an
// inspection sees it or everything is still right, and what is salvaged can be
// used, holds only pairs that fit, and most of them.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	template, pairs := fullStore(t)
	info, err := os.Stat(filepath.Join(template, "acmsync.db"))
	if err != nil {
		t.Fatal(err)
	}
	var nothing atomic.Int64
	t.Cleanup(func() {
		if n := nothing.Load(); n > 15 {
			t.Errorf("nothing is left after %d damages", n)
		}
	})
	const page = 4096
	for at := int64(0); at < info.Size(); at += page {
		for how, harm := range map[string]func([]byte) []byte{
			"flipped": func(b []byte) []byte {
				for i := at; i < at+page; i += 7 {
					b[i] ^= 0xa5
				}
				return b
			},
			"head": func(b []byte) []byte {
				for i := at; i < at+16; i++ {
					b[i] ^= 0xff
				}
				return b
			},
			"cut": func(b []byte) []byte { return b[:at+page/2] },
		} {
			t.Run(fmt.Sprintf("page %d %s", at/page, how), func(t *testing.T) {
				t.Parallel()
				dir := private(t)
				copyFolder(t, template, dir)
				rewrite(t, filepath.Join(dir, "acmsync.db"), harm)
				if !salvaged(t, dir, pairs, how == "cut" || at == 0) && how != "cut" {
					nothing.Add(1)
				}
			})
		}
	}
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func salvaged(t *testing.T, dir string, pairs map[string]record.Pair, mayLoseAll bool) (something bool) {
	t.Helper()
	ctx := t.Context()
	before, err := os.ReadFile(filepath.Join(dir, "acmsync.db"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := store.Inspect(ctx, urlIn(dir))
	if err != nil {
		t.Fatalf("inspecting: %v", err)
	}
	seen := len(in.Damage) > 0
	out, err := store.Salvage(ctx, urlIn(dir), noon)
	if err != nil {
		t.Fatalf("salvaging: %v", err)
	}
	if kept, err := os.ReadFile(out.Broken); err != nil || string(kept) != string(before) {
		t.Errorf("the damaged database is not kept as it was: %v", err)
	}
	after, err := store.Inspect(ctx, urlIn(dir))
	if err != nil || len(after.Damage) > 0 {
		t.Errorf("what was salvaged is damaged: %v, %v", after.Damage, err)
	}
	left := useable(ctx, t, dir, pairs)
	if !seen && left != len(pairs) {
		t.Errorf("the inspection saw nothing, and %d of %d pairs are left", left, len(pairs))
	}
	// Without the schema, or the root of the certificates' table, no page says
	// what it belongs to.
	if !mayLoseAll && left > 0 && left < len(pairs)*2/3 {
		t.Errorf("%d of %d pairs are left (%v)", left, len(pairs), in.Damage)
	}
	return left > 0
}

// useable opens the store, works on it, and counts the pairs in it.
func useable(ctx context.Context, t *testing.T, dir string, pairs map[string]record.Pair) (n int) {
	t.Helper()
	s := open(t, urlIn(dir))
	for key, d := range domains(t, s) {
		if d.Certificate == nil {
			continue
		}
		p, err := s.Pair(ctx, d.Certificate.SHA256)
		if err != nil || string(p.Key) != string(pairs[key].Key) || p.SHA256 != pairs[key].SHA256 {
			t.Errorf("%s has another pair than before, or none: %v", key, err)
		}
		n++
	}
	admitNames(t, s, "new.example")
	if leases := claim(t, s, noon); len(leases) < n+1 {
		t.Errorf("claimed %d rows, want every one of %d and the new one", len(leases), n)
	}
	return n
}

// TestDamagedRows: a row that makes no sense is made anew, with its pair if
// that is whole; the others stay as they are.
func TestDamagedRows(t *testing.T) {
	t.Parallel()
	template, pairs := fullStore(t)
	for breaks, keeps := range map[string]bool{
		`UPDATE domains SET findings = '[{' WHERE key = 'd03.example'`:                                  true,
		`UPDATE domains SET names = 'www' WHERE key = 'd03.example'`:                                    true,
		`UPDATE domains SET mode = 'odd' WHERE key = 'd03.example'`:                                     true,
		`UPDATE domains SET state = 'Odd' WHERE key = 'd03.example'`:                                    true,
		`UPDATE domains SET checked_at = 'yesterday' WHERE key = 'd03.example'`:                         true,
		`UPDATE certificates SET names = x'00' WHERE domain_key = 'd03.example'`:                        true,
		`UPDATE certificates SET key = x'00' WHERE domain_key = 'd03.example'`:                          false,
		`UPDATE certificates SET chain = x'00' WHERE domain_key = 'd03.example'`:                        false,
		`UPDATE deployments SET tries = 'many' WHERE domain_key = 'd03.example'`:                        true,
		`DELETE FROM domains WHERE key = 'd03.example'`:                                                 true,
		`UPDATE meta SET value = 'x' WHERE key = 'admissions'`:                                          true,
		`UPDATE meta SET value = '{' WHERE key = 'errors'`:                                              true,
		`INSERT INTO meta (key, value) VALUES ('ca https://ca.test/dir', '{')`:                          true,
		`UPDATE apps SET refusals = '[{' WHERE name = 'shop'`:                                           true,
		`UPDATE certificates SET key = (SELECT key FROM certificates ORDER BY sha256 LIMIT 1 OFFSET 3)`: false,
	} {
		t.Run(breaks, func(t *testing.T) {
			t.Parallel()
			dir := private(t)
			copyFolder(t, template, dir)
			raw(t, dir, breaks)
			in, err := store.Inspect(t.Context(), urlIn(dir))
			if err != nil || len(in.Damage) == 0 {
				t.Errorf("the damage is not seen: %v", err)
			}
			if _, err := store.Salvage(t.Context(), urlIn(dir), noon); err != nil {
				t.Fatal(err)
			}
			left := useable(t.Context(), t, dir, pairs)
			if keeps && left != len(pairs) || !keeps && left >= len(pairs) {
				t.Errorf("%d of %d pairs are left", left, len(pairs))
			}
		})
	}
}

// TestSalvageBesideAProcess: not under the hands of one that works.
func TestSalvageBesideAProcess(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := open(t, urlIn(dir))
	admitNames(t, s, "a.example")
	claimOne(t, s)
	if _, err := store.Salvage(t.Context(), urlIn(dir), noon); !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v", err)
	}
}
