package gitrepo_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// forge makes a tree that git itself would refuse to make. Entries are
// "mode name" to object id.
func forge(t *testing.T, s *git.HTTP, entries ...[2]string) string {
	t.Helper()
	return object(t, s, "tree", rawTree(t, entries))
}

func rawTree(t *testing.T, entries [][2]string) string {
	t.Helper()
	var raw strings.Builder
	for _, entry := range entries {
		id, err := hex.DecodeString(entry[1])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&raw, "%s\x00%s", entry[0], id)
	}
	return raw.String()
}

func object(t *testing.T, s *git.HTTP, kind, content string) string {
	t.Helper()
	id, err := s.Git(content, "hash-object", "-t", kind, "--literally", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(id)
}

func commitTree(t *testing.T, s *git.HTTP, branch, tree string) {
	t.Helper()
	commit := object(t, s, "commit", "tree "+tree+"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nforged\n")
	if err := s.Reset(branch, commit); err != nil {
		t.Fatal(err)
	}
}

// faults tells what became of each file.
func faults(t *testing.T, s *git.HTTP, want func(string) bool, maxBytes int64) map[string]string {
	t.Helper()
	files, err := fetch(t, open(t, gitrepo.Config{URL: s.URL()}), "main", "").Files(context.Background(), "", want, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		got[f.Path] = string(f.Bytes)
		if f.Err != nil {
			got[f.Path] = string(f.Err.Fault)
		}
	}
	return got
}

func yaml(path string) bool { return strings.HasSuffix(path, ".yaml") }

func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	blob := object(t, s, "blob", "fine")
	run := object(t, s, "blob", "executable")
	link := object(t, s, "blob", "/etc/passwd")
	large := object(t, s, "blob", noise(2000))
	zeros := object(t, s, "blob", strings.Repeat("\x00", 5<<20))
	pointer := object(t, s, "blob", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
	apps := forge(t, s,
		[2]string{"100644 a.yaml", blob}, [2]string{"100755 b.yaml", run}, [2]string{"120000 c.yaml", link},
		[2]string{"160000 d.yaml", strings.Repeat("ab", 20)}, [2]string{"100644 e.yaml", pointer},
		[2]string{"100644 f.yaml", large}, [2]string{"100644 g.yaml", zeros}, [2]string{"40000 h.yaml", forge(t, s)},
	)
	commitTree(t, s, "main", forge(t, s, [2]string{"40000 apps", apps}, [2]string{"120000 linked", link}, [2]string{"120000 unwanted.txt", link}))
	got := faults(t, s, yaml, 1000)
	want := map[string]string{
		"apps/a.yaml": "fine", "apps/b.yaml": "executable", "apps/c.yaml": string(gitrepo.FaultSymlink),
		"apps/d.yaml": string(gitrepo.FaultSubmodule), "apps/e.yaml": string(gitrepo.FaultLFS),
		"apps/f.yaml": string(gitrepo.FaultTooLarge), "apps/g.yaml": string(gitrepo.FaultTooLarge),
		"linked": string(gitrepo.FaultSymlink), "unwanted.txt": string(gitrepo.FaultSymlink),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHostileNamesAreSkipped(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	blob := object(t, s, "blob", "x")
	inner := forge(t, s, [2]string{"100644 x.yaml", blob})
	commitTree(t, s, "main", forge(t, s,
		[2]string{"40000 .git", inner}, [2]string{"40000 .GIT", inner}, [2]string{"40000 ..", inner}, [2]string{"40000 .", inner},
		[2]string{"100644 ../up.yaml", blob}, [2]string{"100644 apps/flat.yaml", blob}, [2]string{"100644 /abs.yaml", blob},
		[2]string{"100644 a\x1b[31m.yaml", blob}, [2]string{"100644 a\nb.yaml", blob}, [2]string{"100644 a\xff.yaml", blob},
		[2]string{"100644 a\u202e.yaml", blob}, [2]string{`100644 a\b.yaml`, blob},
		[2]string{"100644 Twin.yaml", blob}, [2]string{"100644 twin.yaml", blob},
		[2]string{"100644 same.yaml", blob}, [2]string{"100644 same.yaml", blob},
		[2]string{"100644 good.yaml", blob},
	))
	twin := string(gitrepo.FaultTwin)
	want := map[string]string{"good.yaml": "x", "Twin.yaml": twin, "twin.yaml": twin, "same.yaml": twin}
	if diff := cmp.Diff(want, faults(t, s, yaml, 1000)); diff != "" {
		t.Error(diff)
	}
	// A report beside them leaves them as they are.
	before, err := s.Git("", "ls-tree", "-z", "main")
	if err != nil {
		t.Fatal(err)
	}
	c := change("main", map[string]string{"board.md": "b"})
	c.Root = "status"
	commit(t, open(t, gitrepo.Config{URL: s.URL()}), c)
	after, err := s.Git("", "ls-tree", "-z", "main")
	if err != nil {
		t.Fatal(err)
	}
	for entry := range strings.SplitSeq(strings.TrimRight(before, "\x00"), "\x00") {
		if !strings.Contains(after, entry) {
			t.Errorf("%q is gone", entry)
		}
	}
}

func TestTreeBombFailsAsAWhole(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	push(t, s, "main", map[string]string{"apps.yaml": "x"})
	tree := forge(t, s, [2]string{"100644 x.yaml", object(t, s, "blob", "x")})
	for range 12 {
		var entries [][2]string
		for i := range 10 {
			entries = append(entries, [2]string{fmt.Sprintf("40000 %d", i), tree})
		}
		tree = forge(t, s, entries...)
	}
	commitTree(t, s, "main", tree)
	snapshot := fetch(t, open(t, gitrepo.Config{URL: s.URL()}), "main", "")
	if files, err := snapshot.Files(context.Background(), "", yaml, 1000); err == nil || files != nil || !strings.Contains(err.Error(), "repository.path") {
		t.Errorf("%d files, %v", len(files), err)
	}
	if files, err := snapshot.Files(context.Background(), "0/0/0/0/0/0/0/0/0/0", yaml, 1000); err != nil || len(files) != 100 {
		t.Errorf("narrowed: %d files, %v", len(files), err)
	}
}

func TestMalformedTree(t *testing.T) {
	t.Parallel()
	s := httpServer(t, git.Options{})
	good := forge(t, s, [2]string{"100644 x.yaml", object(t, s, "blob", "x")})
	bad := object(t, s, "tree", "100644 name-without-an-id\x00short")
	commitTree(t, s, "main", forge(t, s, [2]string{"40000 bad", bad}, [2]string{"40000 good", good}))
	// Git's own server may refuse to hand it out; whoever notices, nothing may
	// look like an empty folder.
	r := open(t, gitrepo.Config{URL: s.URL()})
	snapshot, err := r.Fetch(context.Background(), "main", "")
	if err == nil {
		_, err = snapshot.Files(context.Background(), "", yaml, 1000)
	}
	if err == nil {
		t.Error("a broken folder was read as if it were whole")
	}
}
