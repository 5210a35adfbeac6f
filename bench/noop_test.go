//go:build unix

package bench

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

// BenchmarkNoop is a pass that has nothing to do, over domains that all have a
// valid certificate. It fails if the CA is asked anything, or git anything but
// its refs.
func BenchmarkNoop(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := settled(b, n)
			r.Git.ResetRequests()
			asked := r.CA.Count()
			passes := 0
			for b.Loop() {
				result := r.Pass(b.Context())
				must(b, result.Failure)
				if result.Stepped > 0 || result.Committed != "" {
					b.Fatalf("the pass did something: %+v", result)
				}
				passes++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(passes), "ms/pass")
			b.ReportMetric(float64(r.CA.Count()-asked), "CA-requests")
			r.onlyRefs(b, passes, asked)
		})
	}
}

func (r *rig) onlyRefs(b *testing.B, passes, asked int) {
	b.Helper()
	if now := r.CA.Count(); now != asked {
		b.Fatalf("the CA was asked %d times", now-asked)
	}
	requests := r.Git.Requests()
	b.ReportMetric(float64(len(requests))/float64(passes), "git-requests/pass")
	for _, q := range requests {
		if q.Method != "GET" || q.Service != "git-upload-pack" {
			b.Fatalf("git was asked for more than its refs: %+v", q)
		}
	}
}

// BenchmarkNoopProcess is `acmsync sync` with nothing to do among 1,000
// domains, from exec to exit: start, settings, store, pass and the table.
func BenchmarkNoopProcess(b *testing.B) {
	program := build(b)
	r := settled(b, 1000)
	must(b, r.store.Close())
	for b.Loop() {
		out, err := exec.CommandContext(b.Context(), program, "sync", "--config", r.SettingsPath()).CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}

// BenchmarkReport is what `acmsync sync` does after such a pass: who must act,
// and the table.
func BenchmarkReport(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := settled(b, n)
			for b.Loop() {
				_, err := r.Attention(b.Context())
				must(b, err)
				view, err := r.View(b.Context())
				must(b, err)
				must(b, status.Table(io.Discard, status.Apps(view), time.Now(), false, 0))
			}
		})
	}
}

// BenchmarkBinary reports the size of the program as it is released. An
// operation is its build.
func BenchmarkBinary(b *testing.B) {
	for b.Loop() {
		info, err := os.Stat(build(b))
		must(b, err)
		b.ReportMetric(float64(info.Size())/1e6, "MB")
	}
}

// build makes the program as `make build` does.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "acmsync")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../cmd/acmsync")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// BenchmarkAdmit compares desired state with what is known, when all of it is
// new and when none of it is. Each app has 4 domains.
func BenchmarkAdmit(b *testing.B) {
	for _, apps := range []int{1000, 10_000} {
		want := desired(b, appsFiles(domainNames("a", apps*perApp)))
		policy := reconcile.Policy{AllowWildcards: true, MaxRemovals: 0.1, Targets: []string{"edge"}}
		first := reconcile.Admit(want, reconcile.Known{Descends: true}, policy, noon)
		known := reconcile.Known{Domains: reconcile.Apply(nil, first, noon), Apps: first.Apps, Descends: true}
		b.Run(fmt.Sprintf("new/%d", apps), func(b *testing.B) {
			for b.Loop() {
				reconcile.Admit(want, reconcile.Known{Descends: true}, policy, noon)
			}
		})
		b.Run(fmt.Sprintf("unchanged/%d", apps), func(b *testing.B) {
			for b.Loop() {
				if a := reconcile.Admit(want, known, policy, noon); len(a.Wants) > 0 {
					b.Fatalf("%d wants changed", len(a.Wants))
				}
			}
		})
	}
}
