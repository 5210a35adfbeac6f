//go:build unix

package bench

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
)

// certificates is how many each side of BenchmarkIssue obtains.
const certificates = 240

// BenchmarkIssue compares a first pass over new domains, from the git push to
// the status commit, with a bare loop at the same CA: same concurrency, same
// validation over HTTP, same names in number and shape. They take turns at
// going first, since the CA slows down a little as it fills.
//
// An operation is the pass alone. On a machine that does other things besides,
// the processor times say more: they count the CA, the edge and the DNS server
// with the side that made them work.
func BenchmarkIssue(b *testing.B) {
	var ours, bare effort
	requests := 0
	for i := range b.N {
		b.StopTimer()
		r := newRig(b)
		loop := newBare(b, r)
		contest := []func(){
			func() { bare.add(r.bareLoop(b, loop)) },
			func() {
				took, made := r.firstPass(b)
				ours.add(took)
				requests += made
			},
		}
		contest[i%2]()
		contest[1-i%2]()
		r.wantIssued(b, 2*certificates)
		must(b, r.Lab.Close())
	}
	n := float64(certificates * b.N)
	b.ReportMetric(n/ours.wall.Seconds(), "certs/s")
	b.ReportMetric(n/bare.wall.Seconds(), "bare-certs/s")
	b.ReportMetric(bare.wall.Seconds()/ours.wall.Seconds(), "ratio")
	b.ReportMetric(1000*ours.cpu.Seconds()/n, "cpu-ms/cert")
	b.ReportMetric(1000*bare.cpu.Seconds()/n, "bare-cpu-ms/cert")
	b.ReportMetric(float64(requests)/n, "requests/cert")
}

// effort is what something took.
type effort struct{ wall, cpu time.Duration }

func (e *effort) add(other effort) { e.wall, e.cpu = e.wall+other.wall, e.cpu+other.cpu }

// measure runs f alone.
func measure(b *testing.B, f func()) effort {
	b.Helper()
	runtime.GC() // what was before is not f's to clean up
	used := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began, before := time.Now(), used()
	f()
	return effort{wall: time.Since(began), cpu: used() - before}
}

func (r *rig) bareLoop(b *testing.B, loop *bare) effort {
	b.Helper()
	names := domainNames("bare", certificates)
	r.Point(names...)
	return measure(b, func() { must(b, loop.run(names, r.settings.Policy.Concurrency)) })
}

// firstPass is timed, and counts the requests that the CA got.
func (r *rig) firstPass(b *testing.B) (took effort, requests int) {
	b.Helper()
	names := domainNames("ours", certificates)
	r.Point(names...)
	r.push(b, appsFiles(names))
	before := r.CA.Count()
	var result controller.Result
	took = measure(b, func() {
		b.StartTimer()
		result = r.Pass(b.Context())
		b.StopTimer()
	})
	must(b, result.Failure)
	if result.Committed == "" {
		b.Fatal("no status was committed")
	}
	return took, r.CA.Count() - before
}

func (r *rig) wantIssued(b *testing.B, n int) {
	b.Helper()
	if got := len(r.CA.Certificates()); got != n {
		b.Fatalf("the CA issued %d certificates, want %d", got, n)
	}
}

// BenchmarkIssueOne is one certificate for a platform with nothing else to do,
// from the push to the status commit.
func BenchmarkIssueOne(b *testing.B) {
	requests := 0
	for range b.N {
		b.StopTimer()
		r := newRig(b)
		r.Point("www.shop.example")
		r.push(b, appsFiles([]string{"www.shop.example"}))
		b.StartTimer()
		result := r.Pass(b.Context())
		b.StopTimer()
		must(b, result.Failure)
		r.wantIssued(b, 1)
		requests += r.CA.Count()
		must(b, r.Lab.Close())
	}
	b.ReportMetric(float64(requests)/float64(b.N), "requests/cert")
}
