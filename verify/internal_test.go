package verify

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// One question serves all who wait for the same answer, and nobody after them.
func TestCacheAsksOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asks atomic.Int32
		finish := make(chan struct{})
		c := newCache(func(context.Context, string, uint16) reply {
			asks.Add(1)
			<-finish
			return reply{answer: record.NoData}
		})
		for range 8 {
			go func() {
				if got := c.lookup(t.Context(), "A.example", dns.TypeA); got.answer != record.NoData {
					t.Errorf("got %+v", got)
				}
			}()
		}
		synctest.Wait()
		close(finish)
		synctest.Wait()
		if asks.Load() != 1 || len(c.entries) != 0 {
			t.Errorf("%d questions, %d entries left, want 1 and 0", asks.Load(), len(c.entries))
		}
	})
}

// An answer is shared for its TTL.
func TestCacheForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asks := 0
		c := newCache(func(context.Context, string, uint16) reply {
			asks++
			return reply{answer: record.NoData, ttl: 10 * time.Second}
		})
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
			time.Sleep(step.after) // the bubble's clock, not ours
			c.lookup(t.Context(), "a.example", dns.TypeA)
			if asks != step.want {
				t.Errorf("after another %s: %d questions, want %d", step.after, asks, step.want)
			}
		}
	})
}

// Whoever is cut off must not answer for those who wait.
func TestCacheSurvivesAnAskerThatIsCutOff(t *testing.T) {
	t.Parallel()
	cut, cancel := context.WithCancel(context.Background())
	asking := make(chan struct{})
	c := newCache(func(ctx context.Context, _ string, _ uint16) reply {
		if ctx != cut {
			return reply{answer: record.Answered}
		}
		close(asking)
		<-ctx.Done()
		return reply{answer: record.NoAnswer}
	})
	var first sync.WaitGroup
	first.Go(func() { c.lookup(cut, "a.example", dns.TypeA) })
	<-asking
	second := make(chan reply, 1)
	go func() { second <- c.lookup(context.Background(), "a.example", dns.TypeA) }()
	cancel()
	first.Wait()
	if got := <-second; got.answer != record.Answered {
		t.Errorf("the second got %+v", got)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache(func(context.Context, string, uint16) reply { return reply{answer: record.NoData, ttl: time.Hour} })
	for i := range 2*maxEntries + 10 {
		c.lookup(context.Background(), fmt.Sprintf("n%d.example", i), dns.TypeA)
	}
	if n := len(c.entries); n == 0 || n > maxEntries {
		t.Errorf("%d entries, want at most %d", n, maxEntries)
	}
}

func FuzzRedirect(f *testing.F) {
	for _, location := range []string{
		"/", "//b.example", "https://b.example/x?y#z", "http://b.example:8080/", "http://127.1/", "http://[::1%25eth0]/", "http://b.example:/",
		"http:b.example", "HTTPS://B.example:443", "javascript:alert(1)", "http://a@b/", "http://１２７.0.0.1/", "\x00", "http://b.example\\@c/", "http://[::ffff:10.0.0.1]:80/",
	} {
		f.Add(location, 301)
	}
	at := &url.URL{Scheme: "http", Host: "a.example", Path: record.ChallengePath + "token"}
	p := ports{http: 5002, https: 5001}
	f.Fuzz(func(t *testing.T, location string, status int) {
		next, err := p.follow(at, status, location)
		if err != nil {
			return
		}
		if port := p.of(next); port != 5002 && port != 5001 {
			t.Errorf("%q would dial port %d", location, port)
		}
		if next.Scheme != "http" && next.Scheme != "https" || next.User != nil {
			t.Errorf("%q is followed to %s", location, next)
		}
		host := next.Hostname()
		if _, err := netip.ParseAddr(host); err != nil && !hostname.MatchString(host) {
			t.Errorf("%q leads to the host %q", location, host)
		}
		if port := next.Port(); port != "" {
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				t.Errorf("%q keeps the port %q", location, port)
			}
		}
	})
}

// FuzzAnswer feeds messages as they come from the wire to what reads aliases,
// addresses and CAA sets.
func FuzzAnswer(f *testing.F) {
	seed := func(qtype uint16, texts ...string) {
		msg := new(dns.Msg).SetQuestion("a.example.", qtype)
		msg.Response = true
		for _, text := range texts {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			msg.Answer = append(msg.Answer, rr)
		}
		wire, err := msg.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire, qtype)
	}
	seed(dns.TypeCAA, `a.example. 1 IN CAA 128 Issue "ca.test; x=y"`, `a.example. 1 IN CAA 0 iodef "\000\255"`)
	seed(dns.TypeA, "a.example. 1 IN CNAME b.example.", "b.example. 1 IN CNAME a.example.")
	seed(dns.TypeA, "a.example. 1 IN CNAME b.example.", "b.example. 1 IN A 192.0.2.1")
	seed(dns.TypeAAAA, "a.example. 1 IN AAAA ::ffff:192.0.2.1")
	f.Fuzz(func(t *testing.T, wire []byte, qtype uint16) {
		msg := new(dns.Msg)
		if msg.Unpack(wire) != nil {
			return
		}
		trail := newTrail("a.example", qtype)
		trail.read(classify("resolver", msg))
		if len(trail.chain) > maxChain {
			t.Errorf("a chain of %d", len(trail.chain))
		}
		for _, addr := range addrs(trail.reply) {
			if !addr.IsValid() {
				t.Error("an address that is none")
			}
		}
		for _, r := range caaRecords(trail.rrs) {
			if r.Tag != strings.ToLower(r.Tag) {
				t.Errorf("tag %q", r.Tag)
			}
		}
		if text := record.Clean(describe("resolver", msg), maxDetail); strings.ContainsAny(text, "\x1b\n\u202e") {
			t.Errorf("detail %q", text)
		}
	})
}

// Even if an address slips past the look before dialling, the socket is not
// opened.
func TestDialIsGuarded(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		f := fetcher{addr: netip.MustParseAddr("127.0.0.1"), port: 9, dialer: dialer{timeout: time.Second}}
		_, err := f.get(t.Context(), &url.URL{Scheme: scheme, Host: "a.example", Path: "/"})
		if result, what := blame(err); result != record.ProbeForbidden {
			t.Errorf("%s: %s, %s", scheme, result, what)
		}
	}
}
