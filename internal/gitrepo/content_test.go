package gitrepo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written makes an object of a repository, also one that git would not make.
func (s *site) written(t *testing.T, kind, content string) string {
	t.Helper()
	id, err := s.Git(content, "hash-object", "-t", kind, "--literally", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(id)
}

func (s *site) tree(t *testing.T, entries ...[2]string) string {
	t.Helper()
	return s.written(t, "tree", rawTree(t, entries))
}

// dated puts a tree on a branch in a commit of that date.
func (s *site) dated(t *testing.T, branch, tree, date string, parents ...string) string {
	t.Helper()
	text := "tree " + tree + "\n"
	for _, parent := range parents {
		text += "parent " + parent + "\n"
	}
	commit := s.written(t, "commit", text+"author A <a@b> "+date+"\ncommitter A <a@b> "+date+"\n\nx\n")
	if err := s.Reset(branch, commit); err != nil {
		t.Fatal(err)
	}
	return commit
}

// TestForeignContent: what a repository may hold, whichever way it is reached:
// hostile entries cost themselves and no file beside them.
func TestForeignContent(t *testing.T) {
	t.Parallel()
	const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
	for over, s := range sites(t) {
		t.Run(over, func(t *testing.T) {
			t.Parallel()
			blob, link := s.written(t, "blob", "desired"), s.written(t, "blob", "/etc/passwd")
			pointer, large := s.written(t, "blob", lfs), s.written(t, "blob", noise(2<<20))
			inner := s.tree(t, [2]string{"100644 x.yaml", blob})
			s.dated(t, "main", s.tree(t,
				[2]string{"40000 .git", inner}, [2]string{"40000 ..", inner}, [2]string{"100644 ../up.yaml", blob},
				[2]string{"100644 a\x1b[2J.yaml", blob}, [2]string{"100644 Case.yaml", blob}, [2]string{"100644 case.yaml", blob},
				[2]string{"120000 link.yaml", link}, [2]string{"160000 module.yaml", strings.Repeat("ab", 20)},
				[2]string{"100644 pointer.yaml", pointer}, [2]string{"100644 large.yaml", large}, [2]string{"100644 apps.yaml", blob},
			), "1 +0000")
			files, err := fetch(t, open(t, s.config), "main", "").Files(context.Background(), "", yaml, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, f := range files {
				got[f.Path] = string(f.Bytes)
				if f.Err != nil {
					got[f.Path] = f.Err.Error()
				}
			}
			if diff := cmp.Diff(foreign, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const twin = " has a twin whose name differs at most in upper and lower case; rename one of them"

var foreign = map[string]string{
	"apps.yaml": "desired", "Case.yaml": "Case.yaml:" + twin, "case.yaml": "case.yaml:" + twin,
	"link.yaml":    "link.yaml: is a symbolic link; commit the file it points at in its place",
	"module.yaml":  "module.yaml: is a submodule; commit the files themselves in its place",
	"pointer.yaml": "pointer.yaml: is a git-lfs pointer, not the file itself; take it out of git-lfs: remove its pattern from .gitattributes and commit it again",
	"large.yaml":   "large.yaml: is too large; split it into several",
}

// TestClockSkewInCommits: which commit follows which is told by parents, never
// by the dates that their authors' clocks wrote.
func TestClockSkewInCommits(t *testing.T) {
	t.Parallel()
	dates := []string{
		"4102444800 +0000", "0 +0000", "1700000000 +1400", "-5 +0000", "99999999999999999999 +0000", "1 -9999", "soon", "1700000000 +0000",
	}
	for over, s := range sites(t) {
		t.Run(over, func(t *testing.T) {
			t.Parallel()
			var line []string
			for i, date := range dates {
				tree := s.tree(t, [2]string{"100644 apps.yaml", s.written(t, "blob", fmt.Sprint(i))})
				line = append(line, s.dated(t, "main", tree, date, line[max(0, i-1):]...))
			}
			aside := s.dated(t, "aside", s.tree(t), "4102444800 +0000")
			r := open(t, s.config)
			for i, last := range line {
				if snapshot := fetch(t, r, "main", last); !snapshot.Descends || snapshot.Commit != line[len(line)-1] {
					t.Errorf("%s dated %q: %s, descends %v", last, dates[i], snapshot.Commit, snapshot.Descends)
				}
			}
			if fetch(t, r, "main", aside).Descends {
				t.Error("it descends from an unrelated commit")
			}
			c := change("main", map[string]string{"status/a": "1"})
			if hash, _, err := r.Commit(context.Background(), c); err != nil || hash != s.Tip("main") {
				t.Errorf("a commit on top: %v", err)
			}
		})
	}
}

// TestSingleFilesThatAreNotHandedOut: a server may offer what it then refuses;
// the whole tip is asked for instead.
func TestSingleFilesThatAreNotHandedOut(t *testing.T) {
	t.Parallel()
	for over, s := range sites(t) {
		for key, value := range map[string]string{
			"uploadpack.allowAnySHA1InWant": "false", "uploadpack.allowReachableSHA1InWant": "true",
		} {
			if err := s.Configure(key, value); err != nil {
				t.Fatal(err)
			}
		}
		if files, err := read(open(t, s.config)); err != nil || files["apps.yaml"] != "desired" {
			t.Errorf("%s: read %v, %v", over, files, err)
		}
	}
}
