//go:build unix

package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// isolated is how many apps BenchmarkIsolation has, and faulty how many of them
// have a fault where it is more than one: more than there are workers.
const (
	isolated = 100
	faulty   = 20
)

// oddTarget is a target that does something first for some names.
type oddTarget struct {
	controller.Target
	first func(ctx context.Context, name string)
}

func (t oddTarget) Install(ctx context.Context, p record.Pair) error {
	t.first(ctx, p.Names[0])
	return t.Target.Install(ctx, p)
}

// wrongs are what is wrong with a name. All of it lasts longer than the others
// need.
var wrongs = map[string]func(r *rig, name string){
	"dns-hangs":      func(r *rig, name string) { r.DNS.Fail(name, 0, dns.Fault{Silent: true}) },
	"edge-hangs":     func(r *rig, name string) { r.Edge.Behave(name, edge.Behaviour{Hang: true}) },
	"ca-order-hangs": func(r *rig, name string) { r.CA.Fault(ca.Naming(name, ca.Of(ca.NewOrder)), ca.Fault{Delay: time.Hour}) },
	"ca-final-hangs": func(r *rig, name string) { r.CA.Fault(ca.Naming(name, ca.Of(ca.Finalize)), ca.Fault{Delay: time.Hour}) },
	"ca-refuses": func(r *rig, name string) {
		r.CA.Fault(ca.Naming(name, ca.Of(ca.NewOrder)), ca.Refusal(ca.Problem{Type: "rejectedIdentifier", Status: 400}))
	},
	"huge-chain": func(r *rig, name string) {
		r.CA.Fault(ca.Naming(name, ca.Of(ca.Cert)), ca.Fault{Status: 200, Body: strings.Repeat("# padding\n", 200<<10)})
	},
	"target-hangs": func(*rig, string) {}, // see oddTarget
}

// BenchmarkIsolation is how much longer the healthy ones of a hundred apps take,
// from the push until the status branch has them all, when others have a fault:
// the median over the rounds of the ratio to the same round without. Both sides
// have as many healthy apps.
func BenchmarkIsolation(b *testing.B) {
	for _, wrong := range slices.Sorted(maps.Keys(wrongs)) {
		for _, n := range []int{1, faulty} {
			b.Run(fmt.Sprintf("%s/%d", wrong, n), func(b *testing.B) {
				var ratios []float64
				b.StopTimer()
				for i := range b.N {
					var with, without time.Duration
					if i%2 == 0 {
						without = isolation(b, n, "")
					}
					with = isolation(b, n, wrong)
					if without == 0 {
						without = isolation(b, n, "")
					}
					ratios = append(ratios, with.Seconds()/without.Seconds())
				}
				slices.Sort(ratios)
				b.ReportMetric((ratios[(len(ratios)-1)/2]+ratios[len(ratios)/2])/2, "ratio")
			})
		}
	}
}

// isolation is how long the healthy apps take beside n that have something wrong;
// empty: beside nobody.
func isolation(b *testing.B, n int, wrong string) time.Duration {
	b.Helper()
	r := newRig(b, func(c *controller.Config) {
		c.Targets[0] = oddTarget{c.Targets[0], func(ctx context.Context, name string) {
			if wrong == "target-hangs" && strings.HasPrefix(name, "www.a") {
				<-ctx.Done()
			}
		}}
	})
	text := "apiVersion: acmsync/v1\napps:\n"
	for i := range isolated {
		name := fmt.Sprintf("www.b%02d.example", i)
		if i < n {
			if name = fmt.Sprintf("www.a%02d.example", i); wrong == "" {
				continue
			}
			wrongs[wrong](r, name)
		}
		r.Point(name)
		text += fmt.Sprintf("  - {name: app%02d, domains: [%s]}\n", i, name)
	}
	_, err := r.Git.Push("main", map[string]*string{"apps.yaml": git.Text(text)}, "edit")
	must(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	began, ended := time.Now(), make(chan controller.Result, 1)
	go func() { ended <- r.Pass(ctx) }()
	for r.ready() < isolated-n {
		time.Sleep(5 * time.Millisecond)
		if time.Since(began) > 2*time.Minute {
			b.Fatalf("%d of %d are ready", r.ready(), isolated-n)
		}
	}
	took := time.Since(began)
	cancel()
	must(b, (<-ended).Failure)
	must(b, r.Lab.Close())
	return took
}

// ready is how many domains the status branch calls ready.
func (r *rig) ready() int {
	raw, err := r.Git.Read("acm-status", "summary.yaml")
	if err != nil {
		return 0
	}
	s, err := status.ParseSummary(raw)
	if err != nil {
		return 0
	}
	return s.Ready
}
