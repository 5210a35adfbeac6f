//go:build unix

package bench

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/record"
)

// certificates is how many each side of BenchmarkIssue obtains in a round.
const certificates = 240

// BenchmarkIssue compares three ways to obtain certificates for new domains
// from the same kind of CA, on the same machine, with the same number of orders
// at a time and the same validation over HTTP:
//
//   - bare: a loop that does what an ACME client must, and nothing else;
//   - issuing: a pass that does not look at the domains before, and deploys
//     nowhere: the git push, the journal and the store, the status commit;
//   - pass: all that a pass does, so in addition DNS, CAA and a probe of each
//     name, a durable deploy, and a look at what is served.
//
// Each has a lab of its own in each round, and they take turns at going first.
// A ratio is the median over the rounds of certificates a second to the bare
// loop's. An operation is the round of the whole pass. Processor times count
// the CA, the edge and the DNS server with the side that made them work.
func BenchmarkIssue(b *testing.B) {
	contest := []*contestant{
		{name: "bare", obtain: bareLoop},
		{name: "issuing", obtain: func(b *testing.B) (effort, int) { return firstPass(b, issuingAlone) }},
		{name: "pass", obtain: func(b *testing.B) (effort, int) { return firstPass(b) }},
	}
	b.StopTimer()
	for i := range b.N {
		for turn := range contest {
			contest[(i+turn)%len(contest)].round(b)
		}
	}
	loop := contest[0]
	for _, c := range contest {
		c.report(b)
		if c != loop {
			b.ReportMetric(c.ratio(loop), c.name+"-ratio")
		}
	}
}

// contestant is one way to obtain certificates, and what it took in each round.
type contestant struct {
	name     string
	obtain   func(*testing.B) (took effort, requests int)
	rounds   []effort
	requests int
}

func (c *contestant) round(b *testing.B) {
	took, requests := c.obtain(b)
	c.rounds = append(c.rounds, took)
	c.requests += requests
}

func (c *contestant) report(b *testing.B) {
	var sum effort
	for _, took := range c.rounds {
		sum.wall, sum.cpu = sum.wall+took.wall, sum.cpu+took.cpu
	}
	n := float64(certificates * len(c.rounds))
	b.ReportMetric(n/sum.wall.Seconds(), c.name+"-certs/s")
	b.ReportMetric(1000*sum.cpu.Seconds()/n, c.name+"-cpu-ms/cert")
	b.ReportMetric(float64(c.requests)/n, c.name+"-requests/cert")
}

func (c *contestant) ratio(loop *contestant) float64 {
	var all []float64
	for i, took := range c.rounds {
		all = append(all, loop.rounds[i].wall.Seconds()/took.wall.Seconds())
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// effort is what something took.
type effort struct{ wall, cpu time.Duration }

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

func bareLoop(b *testing.B) (took effort, requests int) {
	b.Helper()
	r := newRig(b)
	names := domainNames("a", certificates)
	r.Point(names...)
	loop := newBare(b, r)
	before := r.CA.Count()
	took = measure(b, func() { must(b, loop.run(names, r.settings.Policy.Concurrency)) })
	r.wantIssued(b, certificates)
	requests = r.CA.Count() - before
	must(b, r.Lab.Close())
	return took, requests
}

// firstPass is a pass over new domains. The requests are those that the CA got.
func firstPass(b *testing.B, options ...func(*controller.Config)) (took effort, requests int) {
	b.Helper()
	r := newRig(b, options...)
	names := domainNames("a", certificates)
	r.Point(names...)
	r.push(b, appsFiles(names))
	var result controller.Result
	took = measure(b, func() {
		if len(options) == 0 {
			b.StartTimer()
			defer b.StopTimer()
		}
		result = r.Pass(b.Context())
	})
	must(b, result.Failure)
	if result.Committed == "" {
		b.Fatal("no status was committed")
	}
	r.wantNoneFailing(b)
	r.wantIssued(b, certificates)
	requests = r.CA.Count()
	must(b, r.Lab.Close())
	return took, requests
}

// issuingAlone leaves out what a pass does before and after issuing.
func issuingAlone(c *controller.Config) {
	c.Observer, c.Targets, c.Policy.Targets = unseeing{}, nil, nil
}

// unseeing is an observer that finds every name in order without looking.
type unseeing struct{}

func (unseeing) Observe(_ context.Context, q record.Question) record.Observation {
	at := netip.MustParseAddr("127.0.0.1")
	return record.Observation{
		Name: q.Name, At: time.Now(),
		DNS: &record.DNS{
			Chain: []record.RR{{Name: q.Name, Type: "CNAME", Value: q.Target}}, Target: []netip.Addr{at},
			A: record.Addresses{Answer: record.Answered, Addrs: []netip.Addr{at}}, AAAA: record.Addresses{Answer: record.NoData},
		},
		CAA:    &record.CAA{Answer: record.NoData},
		Probe:  &record.Probe{Result: record.ProbeAnswered, Address: at, Status: 200, Body: record.BodyMatch},
		Served: []record.Served{{Answer: record.NoAnswer, Address: at}},
	}
}

// wantNoneFailing says of the first domain without a certificate what is wrong.
func (r *rig) wantNoneFailing(b *testing.B) {
	b.Helper()
	domains, _, err := r.store.Domains(b.Context())
	must(b, err)
	for _, d := range domains {
		if d.Certificate == nil {
			b.Fatalf("%s is %s: attempt %+v, findings %+v, problem %+v, order %+v, due %s",
				d.Name(), d.State, d.Attempt, d.Findings, d.Problem, d.Order, d.Due)
		}
	}
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
