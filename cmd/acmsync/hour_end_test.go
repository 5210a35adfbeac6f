//go:build linux

package main

import (
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// wantOneAnIntent: every intent has a key of its own, so no two certificates may
// have one in common.
func (h *hour) wantOneAnIntent() {
	h.t.Helper()
	known := map[string]string{}
	for _, c := range h.CA.Certificates() {
		block, _ := pem.Decode(c.Chain)
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			h.t.Fatal(err)
		}
		key := string(leaf.RawSubjectPublicKeyInfo)
		if known[key] != "" {
			h.t.Errorf("the CA issued %s and %s for one intent", known[key], c.Serial)
		}
		known[key] = c.Serial
	}
}

// wantRest: with all of it over the daemon is as it was before. What a server
// hung is let go of by a timeout.
func (h *hour) wantRest(before reading) {
	h.t.Helper()
	deadline := time.After(lettingGo)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		now := h.daemon.read()
		if now.Goroutines <= before.Goroutines+2 && now.Descriptors <= before.Descriptors+2 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			h.t.Errorf("before: %+v, and at rest again: %+v\n%s", before, now, h.daemon.inside("stacks").Stacks)
			return
		}
	}
}

// lettingGo is longer than any connection is kept for another request.
const lettingGo = 3 * time.Minute

const (
	// mostPacks is when the git objects begin anew, with a few for what others
	// fetched meanwhile.
	mostPacks = 220
	// mostStore is far more than so many rows need, in KiB.
	mostStore = 64 << 10
)

// wantTidy: what lies on the disk when the daemon has ended is bounded by what
// there is, not by what there was.
func (h *hour) wantTidy(sizes map[string][2]int64) {
	h.t.Helper()
	if n := sizes["git objects"][1]; n > mostPacks {
		h.t.Errorf("%d files of git objects", n)
	}
	if kib := sizes["store"][0]; kib > mostStore {
		h.t.Errorf("the store has %d KiB", kib)
	}
	if left := orphans(h.t, h.Dir); len(left) > 0 {
		h.t.Errorf("processes are left: %q", left)
	}
	if files, err := filepath.Glob(filepath.Join(h.Dir, "state", "owners", "*")); err != nil || len(files) > 0 {
		h.t.Errorf("left of the session: %q, %v", files, err)
	}
	h.wantDone()
}

// strays are, of a target: versions beside the one in use and the one before,
// and what is left of names that left.
func (h *hour) strays(target string) (found []string) {
	h.t.Helper()
	names, err := os.ReadDir(filepath.Join(h.Dir, target, ".versions"))
	h.must(err)
	wanted := map[string]bool{}
	for _, name := range h.people.names() {
		wanted[name] = true
	}
	for _, name := range names {
		versions, err := filepath.Glob(filepath.Join(h.Dir, target, ".versions", name.Name(), "2*"))
		h.must(err)
		if len(versions) > 2 || len(versions) > 0 && !wanted[name.Name()] {
			found = append(found, fmt.Sprintf("%s: %d of %s", target, len(versions), name.Name()))
		}
	}
	return found
}

// database opens the store beside whoever uses it.
func (h *hour) database() *sql.DB {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.Dir, "state", "acmsync.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		h.t.Fatal(err)
	}
	return db
}

// openOrders are the orders that the store still follows.
func (h *hour) openOrders() (open []string) {
	h.t.Helper()
	db := h.database()
	defer db.Close()
	rows, err := db.QueryContext(h.t.Context(), `SELECT o.domain_key || ' is ' || o.state || ', due ' ||
		coalesce(datetime(d.due_at/1000000, 'unixepoch'), 'never') FROM orders o JOIN domains d ON d.key = o.domain_key WHERE o.open ORDER BY 1`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var order string
		h.must(rows.Scan(&order))
		open = append(open, order)
	}
	h.must(rows.Err())
	return open
}

// rows are how many there are in the tables that grow.
func (h *hour) rows() map[string][2]int64 {
	h.t.Helper()
	db := h.database()
	defer db.Close()
	found := map[string][2]int64{}
	for _, table := range []string{"domains", "orders", "certificates", "requests", "ledger"} {
		var n int64
		h.must(db.QueryRowContext(h.t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		found[table] = [2]int64{0, n}
	}
	return found
}

// wantDone: nothing is under way in the store.
func (h *hour) wantDone() {
	h.t.Helper()
	db := h.database()
	defer db.Close()
	for what, query := range map[string]string{
		"open orders":                          `SELECT count(*) FROM orders WHERE open`,
		"keys of orders":                       `SELECT count(*) FROM orders WHERE key IS NOT NULL`,
		"rows that somebody holds":             `SELECT count(*) FROM domains WHERE owner <> ''`,
		"certificates beside one for each row": `SELECT count(*) - count(DISTINCT domain_key) FROM certificates WHERE current`,
	} {
		var n int
		if err := db.QueryRowContext(h.t.Context(), query).Scan(&n); err != nil || n > 0 {
			h.t.Errorf("the store has %d %s: %v", n, what, err)
		}
	}
}
