//go:build unix

package bench

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

// noon is when benchmarks without a clock take place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// BenchmarkRender renders all files of the status branch and the terminal's
// table, for apps of 4 domains.
func BenchmarkRender(b *testing.B) {
	for _, apps := range []int{250, 2500} {
		report := reportOf(b, apps)
		b.Run(fmt.Sprintf("files/%d", apps), func(b *testing.B) {
			for b.Loop() {
				files, err := status.Render(report)
				must(b, err)
				if len(files) < apps {
					b.Fatalf("%d files for %d apps", len(files), apps)
				}
			}
		})
		b.Run(fmt.Sprintf("table/%d", apps), func(b *testing.B) {
			for b.Loop() {
				must(b, status.Table(io.Discard, status.Apps(report), time.Now(), false, 0))
			}
		})
	}
}

func reportOf(b *testing.B, apps int) status.Report {
	b.Helper()
	policy := reconcile.Policy{AllowWildcards: true, MaxRemovals: 0.1, Targets: []string{"edge"}}
	a := reconcile.Admit(desired(b, appsFiles(domainNames("a", apps*perApp))), reconcile.Known{Descends: true}, policy, noon)
	domains := reconcile.Apply(nil, a, noon)
	return status.Report{
		Apps: reconcile.LiveApps(a.Apps, domains), Domains: domains, Revision: "0123456789012345678901234567890123456789",
		Branch: "main", Policy: policy, Shard: apps >= 1000,
	}
}
