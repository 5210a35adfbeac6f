package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

func TestRenewalTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		lifetime time.Duration
		renewAt  float64
		fraction float64
	}{
		{90 * day, 0, 2.0 / 3},
		{45 * day, 0, 2.0 / 3},
		{160 * time.Hour, 0, 1.0 / 2},
		{10 * day, 0, 2.0 / 3},
		{160 * time.Hour, 0.75, 0.75}, // set by hand it wins
		{time.Minute, 0, 1.0 / 2},
	}
	for _, c := range cases {
		p := policy()
		p.RenewAt = c.renewAt
		seen := map[time.Time]bool{}
		for i := range 200 {
			cert := record.Certificate{SHA256: fmt.Sprint(i), NotBefore: start, NotAfter: start.Add(c.lifetime)}
			at := reconcile.RenewalTime(record.Domain{Certificate: &cert}, p)
			part := float64(at.Sub(start)) / float64(c.lifetime)
			slack := float64(time.Second) / float64(c.lifetime)
			if part < c.fraction-0.02-slack || part > c.fraction+0.1 {
				t.Fatalf("%v: renewed after %.3f of its lifetime", c.lifetime, part)
			}
			if !at.Equal(reconcile.RenewalTime(record.Domain{Certificate: &cert}, p)) {
				t.Fatal("asked twice, it is another time")
			}
			seen[at] = true
		}
		if c.lifetime >= day && len(seen) < 150 {
			t.Errorf("%v: 200 certificates are renewed at %d times", c.lifetime, len(seen))
		}
	}
}

// The clock alone makes a renewal due, exactly at the time that is announced.
func TestRenewalIsDueWhenAnnounced(t *testing.T) {
	t.Parallel()
	for _, lifetime := range []time.Duration{90 * day, 160 * time.Hour, time.Hour} {
		p := policy()
		d := issued(t, p)
		d.Certificate.NotAfter = start.Add(lifetime)
		at := reconcile.RenewalTime(d, p)
		rests(t, look(d, well, p, at.Add(-time.Second)), reconcile.Keep)
		if a := only(t, look(d, well, p, at)); a.Kind != reconcile.Renew {
			t.Errorf("%+v", a)
		}
		if due := look(d, well, p, at.Add(-time.Second)).Next.Due; due.After(at) {
			t.Errorf("%v: it wakes at %v, to be renewed at %v", lifetime, due, at)
		}
	}
}
