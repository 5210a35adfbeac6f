package operate_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/verify"
)

// healthy are a CA and a repository as they should be.
type healthy struct{}

func (healthy) Directory(context.Context) (record.Directory, time.Time, error) {
	return record.Directory{}, time.Time{}, nil
}

func (healthy) Tip(context.Context, string) (string, bool, error) { return "abc", true, nil }

// checks is what a doctor says of an installation on the world with the domain
// and others in its store, by the name of the check. The edge answers for
// thumbprint; empty: for the account of the installation.
func (w *world) checks(thumbprint string, names ...string) map[string]operate.Check {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "state")
	url, keyFile := "sqlite://"+filepath.Join(dir, "acmsync.db"), filepath.Join(dir, "account.pem")
	s, err := store.Open(w.t.Context(), url, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	var a store.Admission
	for _, name := range names {
		a.Wants = append(a.Wants, record.Want{Key: name, Names: []string{name}, App: "shop", Mode: record.Auto, Challenge: "http-01"})
	}
	if err := s.Admit(w.t.Context(), a); err != nil {
		w.t.Fatal(err)
	}
	closed(w.t, s.Close())
	key, err := issue.CreateAccountKey(keyFile)
	if err != nil {
		w.t.Fatal(err)
	}
	if thumbprint == "" {
		if thumbprint, err = issue.Thumbprint(key); err != nil {
			w.t.Fatal(err)
		}
	}
	web, err := edge.New(edge.Options{Thumbprint: thumbprint})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { closed(w.t, web.Close()) })
	w.platform.ProbePort, w.platform.ServedPort = web.HTTPPort(), web.TLSPort()
	found := map[string]operate.Check{}
	for _, c := range w.installation(url, keyFile).Examine(w.t.Context()) {
		found[c.Name] = c
	}
	return found
}

func (w *world) installation(url, keyFile string) operate.Installation {
	w.t.Helper()
	nobody, err := net.ListenPacket("udp", "127.0.0.1:0") // takes questions and never answers
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { closed(w.t, nobody.Close()) })
	by := func(addr string) *verify.Verifier {
		return verify.New(verify.Config{Resolvers: []string{addr}, ProbeAllow: loopback, Timeout: 3 * time.Second})
	}
	return operate.Installation{
		StoreURL: url, AccountKeyFile: keyFile, Branch: "main", CA: healthy{}, Repo: healthy{}, Now: time.Now,
		Platform: w.platform, Edges: verify.New(verify.Config{Resolvers: []string{w.dns.Addr()}, ProbeAllow: loopback}),
		Resolvers: []operate.Resolver{
			{Addr: "good", Observer: by(w.dns.Addr())}, {Addr: "silent", Observer: by(nobody.LocalAddr().String())},
		},
	}
}

// TestDoctorLooksAtTheWorld: each resolver by itself, and whether the edges
// answer challenges for our account. What is a domain's fault is not told.
func TestDoctorLooksAtTheWorld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		thumbprint string
		names      []string
		ok         bool
		says       string
	}{
		"our account":       {names: []string{domain}, ok: true, says: "edges answer for our account"},
		"another's account": {thumbprint: ours, names: []string{domain}, says: "127.0.0.1 answers for another account (" + ours + ")"},
		"elsewhere":         {thumbprint: ours, names: []string{"lost.example"}, ok: true, says: "no name leads to an edge that could be asked"},
		"one elsewhere":     {names: []string{"lost.example", domain}, ok: true, says: "edges answer for our account"},
		"nothing yet":       {ok: true, says: "no name leads to an edge that could be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := newWorld(t).checks(tt.thumbprint, tt.names...)
			if c := found["challenges"]; c.OK != tt.ok || !strings.Contains(c.Detail, tt.says) || c.OK != (c.Remedy == "") {
				t.Errorf("challenges: %+v", c)
			}
			if c := found["resolver good"]; !c.OK {
				t.Errorf("a resolver that answers: %+v", c)
			}
			if c := found["resolver silent"]; c.OK || !strings.Contains(c.Remedy, "platform.resolvers") {
				t.Errorf("a resolver that does not answer: %+v", c)
			}
			if c := found["store"]; !c.OK {
				t.Errorf("store: %+v", c)
			}
		})
	}
}
