package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func thousand() []record.Want {
	wants := make([]record.Want, 1000)
	for i := range wants {
		wants[i] = want(fmt.Sprintf("d%04d.example", i))
	}
	return wants
}

// BenchmarkIdlePass is all that a pass asks of the store when nothing is due
// among 1,000 rows.
func BenchmarkIdlePass(b *testing.B) {
	s := open(b, urlIn(private(b)))
	admit(b, s, store.Admission{Wants: thousand(), Now: noon.Add(time.Hour)})
	for b.Loop() {
		leases, err := s.Claim(b.Context(), "bench", noon, 16, long)
		if err != nil || len(leases) != 0 {
			b.Fatal(len(leases), err)
		}
		if _, err := s.NextDue(b.Context()); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Counts(b.Context()); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Meta(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdmit1000(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := open(b, urlIn(private(b)))
		b.StartTimer()
		admit(b, s, store.Admission{Wants: thousand()})
	}
}

func BenchmarkDomains1000(b *testing.B) {
	s := open(b, urlIn(private(b)))
	admit(b, s, store.Admission{Wants: thousand()})
	for b.Loop() {
		domains(b, s)
	}
}

func BenchmarkOpen(b *testing.B) {
	url := urlIn(private(b))
	open(b, url)
	for b.Loop() {
		s, err := store.Open(b.Context(), url, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSave is one step: one transaction, one wait for the disk.
func BenchmarkSave(b *testing.B) {
	s := open(b, urlIn(private(b)))
	admitNames(b, s, "a.example")
	l := claimOne(b, s)
	o := intent("a.example", "o1")
	for b.Loop() {
		save(b, s, l, store.Change{Domain: l.Domain, Order: &o, Requests: []store.Request{{At: noon, Kind: "newOrder"}}})
	}
}

// BenchmarkClaimRelease is a row's way through a pass in which nothing is to
// be done for it.
func BenchmarkClaimRelease(b *testing.B) {
	s := open(b, urlIn(private(b)))
	admit(b, s, store.Admission{Wants: thousand()})
	for b.Loop() {
		leases, err := s.Claim(b.Context(), "bench", noon, 16, long)
		if err != nil || len(leases) != 16 {
			b.Fatal(len(leases), err)
		}
		for _, l := range leases {
			release(b, s, l, l.Domain)
		}
	}
}
