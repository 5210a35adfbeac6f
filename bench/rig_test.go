//go:build unix

package bench

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/issue"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
	"github.com/acmsync/acmsync/verify"
)

// rig is a lab with a controller on it, put together from the lab's settings as
// the commands do it.
type rig struct {
	*lab.Lab
	*controller.Controller
	store    *store.Store
	key      crypto.Signer
	settings settings.Settings
	policy   reconcile.Policy
	marks    string // the fingerprint of the settings
}

func newRig(b *testing.B, options ...func(*controller.Config)) *rig {
	b.Helper()
	l, err := lab.New(lab.Options{Dir: b.TempDir()})
	if errors.Is(err, git.ErrNoGit) && os.Getenv("CI") != "true" {
		b.Skip("git is not installed")
	}
	must(b, err)
	b.Cleanup(func() { _ = l.Close() })
	path, err := l.WriteSettings()
	must(b, err)
	r := &rig{Lab: l}
	r.settings, err = settings.Load(settings.Source{Path: path})
	must(b, err)
	r.store, err = store.Open(b.Context(), l.StoreURL(), store.Options{})
	must(b, err)
	b.Cleanup(func() { _ = r.store.Close() })
	r.key, err = issue.LoadAccountKey(r.settings.ACME.AccountKeyFile)
	must(b, err)
	thumbprint, err := issue.Thumbprint(r.key)
	must(b, err)
	r.marks = r.settings.Fingerprint() + " " + thumbprint
	r.policy = policyOf(r.settings, thumbprint)
	config := r.config(b)
	for _, change := range options {
		change(&config)
	}
	r.Controller = controller.New(config)
	return r
}

func (r *rig) config(b *testing.B) controller.Config {
	b.Helper()
	s := r.settings
	repo, err := gitrepo.Open(gitrepo.Config{
		URL: s.Repository.URL, Dir: b.TempDir(),
		Auth: gitrepo.Auth{Username: s.Repository.Auth.Username, TokenFile: s.Repository.Auth.TokenFile},
	})
	must(b, err)
	b.Cleanup(func() { _ = repo.Close() })
	ca := issue.New(issue.Config{
		Directory: s.ACME.Directory, Email: s.ACME.Email, AcceptTerms: true, Key: r.key, RootCAs: r.roots(),
		Rates: issue.Gentle(),
	})
	b.Cleanup(ca.Close)
	return controller.Config{
		Repo: repo, Store: r.store, CA: ca, Form: issue.Form{KeyType: s.ACME.KeyType},
		Source: controller.Source{Branch: s.Repository.Branch, Path: s.Repository.Path},
		Status: controller.Status{
			Branch: s.Status.Branch, Path: s.Status.Path, Shard: s.Status.Shard,
			Author: gitrepo.Author{Name: s.Repository.Author.Name, Email: s.Repository.Author.Email},
		},
		Observer:  verify.New(verify.Config{Resolvers: s.Platform.Resolvers, ProbeAllow: s.Platform.ProbeAllow}),
		Responder: challenge.Stateless{},
		Targets:   []controller.Target{deploy.NewFiles(deploy.FilesConfig{Name: s.Deploy[0].Name, Dir: s.Deploy[0].Dir})},
		Policy:    r.policy, SettingsHash: r.marks, Concurrency: s.Policy.Concurrency,
	}
}

func (r *rig) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(r.CA.RootPEM())
	return roots
}

func policyOf(s settings.Settings, thumbprint string) reconcile.Policy {
	return reconcile.Policy{
		FailAfter: s.Policy.FailAfter, NotifyAfter: s.Policy.NotifyAfter, RevokeAfter: s.Policy.RevokeAfter,
		MaxRemovals: s.Policy.MaxRemovals, RemovalFloor: 3, AllowWildcards: s.Policy.AllowWildcards,
		DefaultChallenge: s.Challenge.Default, Targets: []string{s.Deploy[0].Name}, Directory: s.ACME.Directory,
		Platform: record.Platform{
			Target: s.Platform.Target, Addresses: s.Platform.Addresses, LegacyTargets: s.Platform.LegacyTargets,
			Thumbprint: thumbprint, ChallengeMode: s.Challenge.Mode,
			ProbePort: s.Platform.ProbePort, ServedPort: s.Platform.ServedPort,
		},
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// perApp is how many domains each app of the benchmarks has.
const perApp = 4

// domainNames are n names, each below a registered domain of its app.
func domainNames(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("d%d.%s%05d.example", i%perApp, prefix, i/perApp)
	}
	return names
}

// perFile is how many domains each file of desired state has, so that none
// comes near the limit on its size.
const perFile = 10_000

// appsFiles is desired state with these domains, perApp to an app.
func appsFiles(names []string) []spec.File {
	var files []spec.File
	for at := 0; at < len(names); at += perFile {
		var b strings.Builder
		b.WriteString("apiVersion: acmsync/v1\napps:\n")
		for i := at; i < min(at+perFile, len(names)); i += perApp {
			fmt.Fprintf(&b, "  - name: app%05d\n    domains: [%s]\n", i/perApp, strings.Join(names[i:min(i+perApp, len(names))], ", "))
		}
		files = append(files, spec.File{Path: fmt.Sprintf("apps/%03d.yaml", at/perFile), Bytes: []byte(b.String())})
	}
	return files
}

func (r *rig) push(b *testing.B, files []spec.File) (commit string) {
	b.Helper()
	contents := map[string]*string{}
	for _, f := range files {
		contents[f.Path] = git.Text(string(f.Bytes))
	}
	commit, err := r.Git.Push("main", contents, "edit")
	must(b, err)
	return commit
}
