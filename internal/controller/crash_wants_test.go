//go:build unix

package controller_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// wantWhole is what holds at any instant, also when nobody is there to mend it:
// what is served is a whole pair, and keys are where they belong.
func (s scene) wantWhole() {
	s.t.Helper()
	for _, name := range s.kept {
		serial, err := s.Handshake(name)
		if err != nil || !slices.ContainsFunc(s.serials(name), func(x string) bool { return x == serial }) {
			s.t.Errorf("%s is served with %q, %v", name, serial, err)
		}
	}
	for _, dir := range s.folders() {
		links, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, link := range links {
			s.wantPair(link)
		}
	}
	s.wantKeysKept()
	s.wantOnRecord()
}

// folders are those that were ever deployed to.
func (s scene) folders() []string {
	return slices.Compact([]string{s.LiveDir(), s.plan.LiveDir})
}

func (w *world) serials(name string) (serials []string) {
	for _, c := range w.CA.CertificatesFor(name) {
		serials = append(serials, c.Serial)
	}
	return serials
}

func (w *world) wantPair(folder string) {
	w.t.Helper()
	_, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "privkey.pem"))
	if err != nil {
		w.t.Errorf("no whole pair: %v", err)
	}
}

// wantKeysKept looks for private keys in every file that the program can write.
func (w *world) wantKeysKept() {
	w.t.Helper()
	err := filepath.WalkDir(w.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(raw, []byte("PRIVATE KEY-----")) {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			w.t.Errorf("%s holds a private key and has mode %v", path, info.Mode())
		}
		base := filepath.Base(path)
		if !strings.HasPrefix(path, w.stateDir()) && base != "account.pem" && base != "privkey.pem" && base != "combined.pem" {
			w.t.Errorf("a private key has got into %s", path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}

// wantOnRecord: whatever is under way at the CA, or came of it, is known to
// whoever starts next: the order, and the key of what was issued.
func (s scene) wantOnRecord() {
	s.t.Helper()
	open, keys := s.onDisk()
	if n := len(s.CA.Unfinished()); n > open {
		s.t.Errorf("%d orders are under way at the CA, %d on record", n, open)
	}
	for _, name := range s.issued {
		all := s.CA.CertificatesFor(name)
		if len(all) == 0 {
			continue
		}
		newest := all[len(all)-1]
		if !slices.ContainsFunc(keys, func(key []byte) bool {
			_, err := tls.X509KeyPair(newest.Chain, key)
			return err == nil
		}) {
			s.t.Errorf("the key of %s, issued for %s, is not on record", newest.Serial, name)
		}
	}
}

// onDisk reads how many orders are open, and all private keys, from a copy of
// the database, as reading the database itself would mend it.
func (s scene) onDisk() (open int, keys [][]byte) {
	s.t.Helper()
	dir := s.t.TempDir()
	for _, file := range []string{"acmsync.db", "acmsync.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(s.stateDir(), file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := errors.Join(err, os.WriteFile(filepath.Join(dir, file), raw, 0o600)); err != nil {
			s.t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "acmsync.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(s.t.Context(), `SELECT key, open FROM orders WHERE open UNION ALL SELECT key, 0 FROM certificates`)
	if err != nil {
		return 0, nil // there are no tables yet
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		var one int
		if err := rows.Scan(&key, &one); err != nil {
			s.t.Fatal(err)
		}
		open, keys = open+one, append(keys, key)
	}
	return open, keys
}

// wantConverged is what holds when the program has run again to its end.
func (s scene) wantConverged() {
	s.t.Helper()
	s.after()
	s.wantWhole()
	s.wantOneAnIntent()
	s.wantNoOrphans()
	s.wantNoLeftovers()
	s.wantStatus()
}

// wantOneAnIntent: every intent has a key of its own, so no two certificates
// may have one in common, and all are ours to use.
func (s scene) wantOneAnIntent() {
	s.t.Helper()
	known := map[string]string{}
	for _, c := range s.CA.Certificates() {
		block, _ := pem.Decode(c.Chain)
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			s.t.Fatal(err)
		}
		key := string(leaf.RawSubjectPublicKeyInfo)
		if known[key] != "" {
			s.t.Errorf("the CA issued %s and %s for one intent", known[key], c.Serial)
		}
		known[key] = c.Serial
	}
	for _, name := range s.issued {
		d := s.domain(name)
		if d.Certificate == nil {
			s.t.Fatalf("%s has no certificate", name)
		}
		pair, err := s.config.Store.Pair(s.t.Context(), d.Certificate.SHA256)
		if err == nil {
			_, err = keypair.Check(pair.Chain, pair.Key, []string{name}, s.clock.now())
		}
		if err != nil {
			s.t.Errorf("the pair of %s in the store: %v", name, err)
		}
	}
}

// wantNoOrphans: no order is under way, here or at the CA, and no key is left of
// one that is over.
func (s scene) wantNoOrphans() {
	s.t.Helper()
	if left := s.CA.Unfinished(); len(left) > 0 {
		s.t.Errorf("orders are under way at the CA: %q", left)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.stateDir(), "acmsync.db")+"?mode=ro")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for what, query := range map[string]string{
		"orders that are open":                      `SELECT count(*) FROM orders WHERE open`,
		"keys of orders":                            `SELECT count(*) FROM orders WHERE key IS NOT NULL`,
		"responses to take away":                    `SELECT count(*) FROM orders WHERE traces`,
		"certificates that are of no use":           `SELECT count(*) FROM certificates WHERE NOT current AND NOT superseded`,
		"certificates that are owed a revocation":   `SELECT count(*) FROM certificates WHERE superseded AND revoked_at IS NULL`,
		"rows that somebody holds, or seems to":     `SELECT count(*) FROM domains WHERE owner <> ''`,
		"deployments that are not done":             `SELECT count(*) FROM deployments WHERE sha256 = '' OR error <> ''`,
		"certificates beside one for each that has": `SELECT count(*) - count(DISTINCT domain_key) FROM certificates WHERE current`,
	} {
		var n int
		if err := db.QueryRowContext(s.t.Context(), query).Scan(&n); err != nil || n > 0 {
			s.t.Errorf("the store has %d %s: %v", n, what, err)
		}
	}
}

// wantNoLeftovers: of interrupted installs nothing is left.
func (s scene) wantNoLeftovers() {
	s.t.Helper()
	for _, dir := range s.folders() {
		versions, err := filepath.Glob(filepath.Join(dir, ".versions", "*", "*"))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, version := range versions {
			s.wantPair(version)
		}
	}
}

// wantStatus: the branch can be read, and says how things are.
func (s scene) wantStatus() {
	s.t.Helper()
	files, err := s.Git.Files("acm-status")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		raw, err := s.Git.Read("acm-status", file)
		if strings.HasPrefix(file, "apps/") && err == nil {
			_, err = status.Parse(raw)
		}
		if err != nil || bytes.Contains(raw, []byte("PRIVATE KEY")) {
			s.t.Errorf("%s of the status: %v", file, err)
		}
	}
	for _, name := range s.issued {
		e := s.entry("shop", name)
		if e.Status != string(record.CertIssued) || e.Certificate == nil || e.Certificate.Serial != s.domain(name).Certificate.Serial {
			s.t.Errorf("status says %+v of %s, certificate %+v", e, name, e.Certificate)
		}
	}
}

// wantAtRest: one more run does nothing.
func (s scene) wantAtRest() {
	s.t.Helper()
	s.CA.Forget()
	if r := s.pass(); r.Acted > 0 || r.Committed != "" || r.Unfinished {
		s.t.Errorf("the pass after that still has work: %+v", r)
	}
	if n := s.CA.Count(); n > 0 {
		s.t.Errorf("and %d requests to the CA", n)
	}
}
