package gitrepo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
)

// signedHouse is a repository, two people who sign, and the file that allows alice.
type signedHouse struct {
	*git.HTTP
	t          *testing.T
	alice, eve git.Key
	options    string // of alice's line
	start      string // an accepted commit
}

func newSignedHouse(t *testing.T) *signedHouse {
	t.Helper()
	f := &signedHouse{HTTP: httpServer(t, git.Options{}), t: t, alice: newKey(t, "ed25519"), eve: newKey(t, "ed25519")}
	f.start = push(t, f, "main", map[string]string{"apps.yaml": "start", "README.md": "x"})
	return f
}

func (f *signedHouse) allowed() *signature.Allowed {
	f.t.Helper()
	allowed, err := signature.ParseAllowed([]byte("alice "+f.options+" "+f.alice.Public+"\n"), time.UTC)
	if err != nil {
		f.t.Fatal(err)
	}
	return allowed
}

// commit pushes one file, signed by key; a key without path signs nothing.
func (f *signedHouse) commit(key git.Key, path, content string) string {
	f.t.Helper()
	files := map[string]*string{path: git.Text(content)}
	commit, err := "", error(nil)
	if key.Path == "" {
		commit, err = f.Push("main", files, "change "+path)
	} else {
		commit, err = f.PushSigned("main", files, "change "+path, key)
	}
	f.must(err)
	return commit
}

func (f *signedHouse) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// trail reads main with a repository that knows nothing yet but where it was.
func (f *signedHouse) trail(bases ...string) gitrepo.Trail {
	f.t.Helper()
	return f.trailBy(open(f.t, gitrepo.Config{URL: f.URL()}), bases...)
}

func (f *signedHouse) trailBy(r *gitrepo.Repo, bases ...string) gitrepo.Trail {
	f.t.Helper()
	trail, err := fetch(f.t, r, "main", bases[0]).Trail(f.t.Context(), gitrepo.Since{
		Bases: bases, Dir: ".", Allowed: f.allowed(),
		Want: func(path string) bool {
			return path == "apps.yaml" || strings.HasPrefix(path, "apps/") && strings.HasSuffix(path, ".yaml")
		},
	})
	f.must(err)
	return trail
}

// told is each change as commit, files and fault.
func told(trail gitrepo.Trail) []string {
	var out []string
	for _, c := range trail.Changes {
		out = append(out, fmt.Sprintf("%s %v %s", c.Commit, c.Files, c.Signature.Fault))
	}
	return out
}

var nobody = git.Key{}

// TestTrail: every commit that changed a wanted file is told, with what its
// signature is worth; others are not.
func TestTrail(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t)
	f.commit(nobody, "README.md", "y")
	a := f.commit(f.alice, "apps.yaml", "by alice")
	b := f.commit(nobody, "apps/shop.yaml", "by nobody")
	c := f.commit(f.eve, "apps/shop.yaml", "by eve")
	f.commit(nobody, "status/apps/shop.yaml", "a report")
	trail := f.trail(f.start)
	if diff := cmp.Diff([]string{
		c + " [apps/shop.yaml] unknown-key", b + " [apps/shop.yaml] unsigned", a + " [apps.yaml] ",
	}, told(trail)); diff != "" || !trail.Leads || trail.Cut {
		t.Errorf("%+v\n%s", trail, diff)
	}
	if s := trail.Changes[2].Signature; s.Signer != "alice" || !strings.HasPrefix(s.Key, "SHA256:") {
		t.Errorf("alice's: %+v", s)
	}
	if trail := f.trail(c); len(trail.Changes) > 0 || !trail.Leads {
		t.Errorf("since the last change: %+v", trail)
	}
	if trail := f.trail(f.start, b); len(trail.Changes) != 1 {
		t.Errorf("since the start or b: %v", told(trail))
	}
}

// TestTrailOfServersThatHandOutTipsOnly: the same facts from a server that
// neither filters nor gives out single commits, over a cache that has nothing.
func TestTrailOfServersThatHandOutTipsOnly(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t)
	f.must(f.PartialClone(false))
	a := f.commit(f.alice, "apps.yaml", "by alice")
	b := f.commit(nobody, "apps.yaml", "by nobody")
	if diff := cmp.Diff([]string{b + " [apps.yaml] unsigned", a + " [apps.yaml] "}, told(f.trail(f.start))); diff != "" {
		t.Error(diff)
	}
}

// TestTrailOfForgeries: each tip is told for what it is.
func TestTrailOfForgeries(t *testing.T) {
	t.Parallel()
	for name, forgery := range map[string]struct {
		make func(f *signedHouse, unsigned string) string // the signature
		want record.SignatureFault
		more []string // headers
	}{
		"made by ssh-keygen as git does":      {by("git"), "", nil},
		"of another namespace":                {by("file"), record.OtherPurpose, nil},
		"of another commit":                   {func(f *signedHouse, _ string) string { return by("git")(f, f.start) }, record.Forged, nil},
		"OpenPGP":                             {pgp, record.NotSSH, nil},
		"nothing":                             {func(*signedHouse, string) string { return "" }, record.Unsigned, nil},
		"garbage":                             {func(*signedHouse, string) string { return "garbage\nof lines" }, record.Unreadable, nil},
		"an empty armour":                     {armour(""), record.Unreadable, nil},
		"60 KB":                               {armour(strings.Repeat(noise(70)+"\n", 60<<10/72)), record.Unreadable, nil},
		"a second header with a signature":    {by("git"), record.Unreadable, []string{"gpgsig x"}},
		"a header of another hash function's": {by("git"), record.Unreadable, []string{"gpgsig-sha256 x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSignedHouse(t)
			unsigned := f.commit(nobody, "apps.yaml", "changed")
			commit, signature := unsigned, forgery.make(f, unsigned)
			if signature != "" {
				var err error
				commit, err = f.WithSignature(unsigned, signature, forgery.more...)
				f.must(err)
			}
			f.must(f.Reset("main", commit))
			got := f.trail(f.start)
			if len(got.Changes) != 1 || got.Changes[0].Signature.Fault != forgery.want || got.Tip.Signature.Fault != forgery.want {
				t.Errorf("want %q: %+v", forgery.want, got)
			}
		})
	}
}

// by is alice's signature of a commit in a namespace, made by ssh-keygen.
func by(namespace string) func(*signedHouse, string) string {
	return func(f *signedHouse, of string) string {
		raw, err := f.Git("", "cat-file", "commit", of)
		f.must(err)
		signed, err := f.alice.Sign(namespace, raw)
		f.must(err)
		return signed
	}
}

// TestTrailOfATooLargeSignature: ten megabytes of signature are no signature and
// no reason to work for minutes, at the tip as below it.
func TestTrailOfATooLargeSignature(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t)
	large, err := f.WithSignature(f.commit(nobody, "apps.yaml", "x"), armour(strings.Repeat(noise(70)+"\n", 10<<20/71))(f, ""))
	f.must(err)
	f.must(f.Reset("main", large))
	const want = "its header is larger than 64 KiB): push one that git made"
	r := open(t, gitrepo.Config{URL: f.URL()})
	began := time.Now()
	if _, err := r.Fetch(t.Context(), "main", f.start); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("as the tip: %v", err)
	}
	f.commit(f.alice, "README.md", "z")
	_, err = fetch(t, r, "main", f.start).Trail(t.Context(), gitrepo.Since{Bases: []string{f.start}, Allowed: f.allowed(), Want: everything})
	if err == nil || !strings.Contains(err.Error(), large) || !strings.Contains(err.Error(), want) {
		t.Errorf("below the tip: %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func armour(body string) func(*signedHouse, string) string {
	return func(*signedHouse, string) string {
		return "-----BEGIN SSH SIGNATURE-----\n" + body + "-----END SSH SIGNATURE-----"
	}
}

func pgp(*signedHouse, string) string {
	return "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----"
}

// TestTrailOfTimes: the committer's date is held against the times of the line,
// as git does it.
func TestTrailOfTimes(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t) // which dates its commits in January 2026
	f.commit(f.alice, "apps.yaml", "by alice")
	for options, want := range map[string]record.SignatureFault{
		`valid-before="20250101Z"`:                           record.TooLate,
		`valid-after="20270101Z"`:                            record.TooEarly,
		`valid-after="20251231Z",valid-before="20260201Z"`:   "",
		`namespaces="file"`:                                  record.NotForGit,
		`namespaces="file,g*"`:                               "",
		`namespaces="!git,*"`:                                record.NotForGit,
		`valid-before="202601010000Z",namespaces="git"`:      record.TooLate,
		`valid-before="20260101000000Z",namespaces="g?t,x*"`: record.TooLate,
	} {
		f.options = options
		trail := f.trail(f.start)
		if len(trail.Changes) != 1 || trail.Changes[0].Signature.Fault != want {
			t.Errorf("%s: %+v, want %q", options, trail.Changes, want)
		}
	}
}
