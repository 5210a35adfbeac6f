package gitrepo_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// BenchmarkLargeRepository measures a desired state of 10,000 files over HTTP,
// with 200 commits behind it.
func BenchmarkLargeRepository(b *testing.B) {
	s, err := git.NewHTTP(git.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	files := map[string]*string{}
	for i := range 10_000 {
		files[fmt.Sprintf("apps/app-%d.yaml", i)] = git.Text(fmt.Sprintf("name: app-%d\n", i))
	}
	first, err := s.Push("main", files, "all")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		if _, err := s.Push("main", map[string]*string{"apps/app-7.yaml": git.Text(fmt.Sprint(i))}, "one"); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.Git("", "gc", "--quiet"); err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	tip := s.Tip("main")
	read := func(b *testing.B, r *gitrepo.Repo, lastSeen string) {
		snapshot, err := r.Fetch(ctx, "main", lastSeen)
		if err != nil || !snapshot.Descends {
			b.Fatal(snapshot.Descends, err)
		}
		if _, err := snapshot.Files(ctx, "", everything, 1000); err != nil {
			b.Fatal(err)
		}
	}
	for name, lastSeen := range map[string]string{"first": "", "after a restart": tip, "200 commits behind": first} {
		b.Run(name, func(b *testing.B) {
			s.ResetRequests()
			for b.Loop() {
				r, err := gitrepo.Open(gitrepo.Config{URL: s.URL()})
				if err != nil {
					b.Fatal(err)
				}
				read(b, r, lastSeen)
				_ = r.Close()
			}
			b.ReportMetric(float64(s.Sent())/float64(b.N), "sent-B/op")
		})
	}
	b.Run("nothing changed", func(b *testing.B) {
		r, err := gitrepo.Open(gitrepo.Config{URL: s.URL()})
		if err != nil {
			b.Fatal(err)
		}
		read(b, r, tip)
		for b.Loop() {
			read(b, r, tip)
		}
		_ = r.Close()
	})
}
