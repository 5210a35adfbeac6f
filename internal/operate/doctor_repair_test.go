package operate_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/lab/owner"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

// clinic is a store with certificates, and a target.
type clinic struct {
	t      *testing.T
	ca     *owner.CA
	url    string
	target *deploy.Files
	now    time.Time
}

// pair is valid since so long for the name it is issued for.
func (c clinic) pair(name string, since time.Duration) record.Pair {
	c.t.Helper()
	p, err := c.ca.Issue(c.now.Add(-since), c.now.AddDate(0, 3, 0), name)
	if err != nil {
		c.t.Fatal(err)
	}
	pair, err := keypair.Check(p.Chain, p.Key, []string{name}, c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	pair.Origin, pair.IssuedAt = record.OriginACME, c.now.Add(-since)
	return pair
}

// remember stores a row for each name, with its pair.
func (c clinic) remember(pairs map[string]record.Pair) {
	c.t.Helper()
	s, err := store.Open(c.t.Context(), c.url, store.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	a := store.Admission{Now: c.now}
	for name := range pairs {
		a.Wants = append(a.Wants, record.Want{Key: name, Names: []string{name}, App: "shop", Mode: record.Auto, Challenge: "http-01"})
	}
	if err := s.Admit(c.t.Context(), a); err != nil {
		c.t.Fatal(err)
	}
	leases, err := s.Claim(c.t.Context(), "test", c.now, 100, time.Minute)
	if err != nil || len(leases) != len(pairs) {
		c.t.Fatal(leases, err)
	}
	for _, l := range leases {
		d, p := l.Domain, pairs[l.Key]
		d.Certificate, d.State = &p.Certificate, record.CertIssued
		if err := s.Save(c.t.Context(), l, store.Change{Domain: d, Pair: &p}); err != nil {
			c.t.Fatal(err)
		}
	}
	closed(c.t, s.Close())
}

func (c clinic) wantHeld(name string, p record.Pair) {
	c.t.Helper()
	if holds, err := c.target.Holds(name, p.SHA256); err != nil || !holds {
		c.t.Errorf("the target does not have the pair of %s: %v", name, err)
	}
}

// TestRepairFillsTargets: what is lost is put where the domain is served from,
// whatever names the certificate has; what is newer than the store stays, and is
// no failure.
func TestRepairFillsTargets(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	ca, err := owner.NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	c := clinic{
		t: t, ca: ca, now: now, url: "sqlite://" + filepath.Join(dir, "state", "acmsync.db"),
		target: deploy.NewFiles(deploy.FilesConfig{Name: "edge", Dir: filepath.Join(dir, "live")}),
	}
	pairs := map[string]record.Pair{
		"lost.example": c.pair("lost.example", 48*time.Hour), "wild.shop.example": c.pair("*.shop.example", 48*time.Hour),
		"newer.example": c.pair("newer.example", 48*time.Hour),
	}
	c.remember(pairs)
	newer := c.pair("newer.example", time.Hour)
	if err := c.target.Install(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	i := operate.Installation{StoreURL: c.url, Now: time.Now}
	if err := i.Repair(t.Context(), []operate.Installer{c.target}, &said); err != nil {
		t.Fatal(err)
	}
	c.wantHeld("lost.example", pairs["lost.example"])
	c.wantHeld("wild.shop.example", pairs["wild.shop.example"])
	c.wantHeld("newer.example", newer)
	for _, line := range []string{
		"target edge: lost.example is deployed again\n", "target edge: wild.shop.example is deployed again\n",
		"target edge: newer.example has a newer pair than the store; it is left as it is\n",
	} {
		if strings.Count(said.String(), line) != 1 {
			t.Errorf("%q is not said once in:\n%s", line, said.String())
		}
	}
}
