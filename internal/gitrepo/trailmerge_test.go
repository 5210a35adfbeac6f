package gitrepo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// side commits one file to a branch that begins at a commit.
func (f *signedHouse) side(from, path, content string) string {
	f.t.Helper()
	f.must(f.Reset("side", from))
	commit, err := f.Push("side", map[string]*string{path: git.Text(content)}, "aside")
	f.must(err)
	return commit
}

// merge makes main a merge with the tree of a commit, signed by key.
func (f *signedHouse) merge(key git.Key, tree string, parents ...string) string {
	f.t.Helper()
	commit, err := f.Merge(tree, parents...)
	f.must(err)
	if key.Path != "" {
		commit, err = f.Signed(commit, key)
		f.must(err)
	}
	f.must(f.Reset("main", commit))
	return commit
}

// TestTrailOfMerges: what was merged is told beside the merge, and a merge
// counts as a change where it is not as each of its parents: also one that
// brings back what an old parent had.
func TestTrailOfMerges(t *testing.T) {
	t.Parallel()
	for name, partial := range map[string]bool{"a server that filters": true, "one that hands out tips only": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSignedHouse(t)
			f.must(f.PartialClone(partial))
			old := f.start
			accepted := f.commit(f.alice, "apps.yaml", "accepted")

			beside := f.side(old, "apps/evil.yaml", "evil")
			both := f.side(accepted, "apps/evil.yaml", "evil") // its tree is that of a clean merge
			signed := f.merge(f.alice, both, accepted, beside)
			want := []string{signed + " [apps.yaml apps/evil.yaml] ", beside + " [apps/evil.yaml] unsigned"}
			if diff := cmp.Diff(want, told(f.trail(accepted))); diff != "" {
				t.Errorf("a signed merge of an unsigned branch:\n%s", diff)
			}

			back := f.merge(nobody, old, old, accepted)
			if diff := cmp.Diff([]string{back + " [apps.yaml] unsigned"}, told(f.trail(accepted))); diff != "" {
				t.Errorf("an unsigned merge that brings back what was:\n%s", diff)
			}

			f.merge(nobody, f.side(accepted, "README.md", "other"), accepted, f.side(accepted, "NEWS.md", "new"))
			if trail := f.trail(accepted); len(trail.Changes) > 0 || !trail.Leads {
				t.Errorf("a merge of nothing that is wanted: %v", told(trail))
			}
		})
	}
}

// TestTrailOfABranchThatWasSetBack: it leads from nowhere that is settled, also
// where a later commit was.
func TestTrailOfABranchThatWasSetBack(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t)
	old := f.commit(f.alice, "apps.yaml", "old")
	unsigned := f.commit(nobody, "apps.yaml", "evil")
	accepted := f.commit(f.alice, "apps.yaml", "accepted")
	f.must(f.Reset("main", old))
	if trail := f.trail(accepted); trail.Leads {
		t.Errorf("set back: %+v", trail)
	}
	f.must(f.Reset("main", unsigned))
	trail := f.trail(old, accepted)
	if diff := cmp.Diff([]string{unsigned + " [apps.yaml] unsigned"}, told(trail)); diff != "" || !trail.Leads {
		t.Errorf("set back to between two bases:\n%s", diff)
	}
	rewritten, err := f.ForcePush("main", map[string]*string{"apps.yaml": git.Text("rewritten")}, "new")
	f.must(err)
	if trail := f.trail(accepted); trail.Leads || trail.Tip.Commit != rewritten || len(trail.Changes) > 0 {
		t.Errorf("rewritten: %+v", trail)
	}
}

// TestTrailInOneRepo: a repository that has seen the base asks for nothing again
// while the tip stands.
func TestTrailInOneRepo(t *testing.T) {
	t.Parallel()
	f := newSignedHouse(t)
	r := open(t, gitrepo.Config{URL: f.URL()})
	contents(t, fetch(t, r, "main", ""), ".", everything)
	change := f.commit(nobody, "apps.yaml", "changed")
	want := []string{change + " [apps.yaml] unsigned"}
	if diff := cmp.Diff(want, told(f.trailBy(r, f.start))); diff != "" {
		t.Error(diff)
	}
	f.ResetRequests()
	if diff := cmp.Diff(want, told(f.trailBy(r, f.start))); diff != "" {
		t.Error(diff)
	}
	if n := len(f.Requests()); n != 1 {
		t.Errorf("%d requests, want the one for the references", n)
	}
}
