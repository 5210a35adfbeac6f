package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func TestLeaving(t *testing.T) {
	t.Parallel()
	later := start.Add(26 * time.Hour)
	cases := []struct {
		name string
		edit func(*record.Domain, *reconcile.Policy)
		kind reconcile.ActionKind
		why  []string
	}{
		{
			"removed", func(*record.Domain, *reconcile.Policy) {}, reconcile.Revoke,
			[]string{"removed from desired state 26 hours ago", "the grace of 24h is over"},
		},
		{"switched off", func(d *record.Domain, _ *reconcile.Policy) { d.Mode = record.Off }, reconcile.Revoke, []string{"switched off"}},
		{"ineligible", func(d *record.Domain, _ *reconcile.Policy) { d.Mode = record.Ineligible }, reconcile.Revoke, []string{"plan"}},
		{"never", func(_ *record.Domain, p *reconcile.Policy) { p.NeverRevoke = true }, reconcile.Forget, []string{"revokeAfter is never"}},
		{"expired", func(d *record.Domain, _ *reconcile.Policy) { d.Certificate.NotAfter = start }, reconcile.Forget, []string{"it expired at"}},
		{
			"no authority", func(d *record.Domain, _ *reconcile.Policy) { d.Certificate.Directory = "https://other.test" }, reconcile.Forget,
			[]string{"no account at https://other.test", "expires at 2027"},
		},
		{"another authority", func(d *record.Domain, p *reconcile.Policy) {
			d.Certificate.Directory = "https://other.test"
			p.Authorities = []string{"https://other.test"}
		}, reconcile.Revoke, []string{"grace"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			d := issued(t, p)
			d.Mode, d.LeftAt = record.Removed, start
			c.edit(&d, &p)
			early := look(d, well, p, start.Add(23*time.Hour))
			if o := rests(t, early, reconcile.Wait); !o.Until.Equal(start.Add(day)) || !early.Next.Due.Equal(o.Until) {
				t.Errorf("%+v", o)
			}
			a := only(t, look(d, well, p, later))
			if a.Kind != c.kind || a.Kind == reconcile.Revoke && (a.Reason != 5 || a.Serial != d.Certificate.Serial) {
				t.Errorf("%+v", a)
			}
			for _, part := range c.why {
				if !strings.Contains(a.Why, part) {
					t.Errorf("%q does not say %q", a.Why, part)
				}
			}
		})
	}
}

// TestTakingDown follows a removal to its end: revoked, forgotten, dropped when
// the guard need not remember it any longer.
func TestTakingDown(t *testing.T) {
	t.Parallel()
	p := policy()
	p.RevokeAfter = time.Hour
	d := issued(t, p)
	d.Mode, d.LeftAt, d.LostAt = record.Removed, start, start
	now := start.Add(time.Hour)
	revoke := only(t, look(d, well, p, now))
	d = reconcile.Settle(d, reconcile.Result{Action: revoke}, p, now)
	if d.Certificate != nil || len(d.Superseded) != 1 || !d.Superseded[0].RevokedAt.Equal(now) {
		t.Fatalf("%+v", d)
	}
	forget := only(t, look(d, well, p, now))
	if forget.Kind != reconcile.Forget {
		t.Fatalf("%+v", forget)
	}
	failed := reconcile.Settle(d, reconcile.Result{Action: forget, Err: "read-only"}, p, now)
	if dec := look(failed, well, p, now); !dec.Next.Due.After(now) {
		t.Errorf("it spins: %+v", dec)
	}
	d = reconcile.Settle(d, reconcile.Result{Action: forget}, p, now)
	if reconcile.Finished(d, p, now) || !reconcile.NothingLeft(d) {
		t.Error("the guard must remember it for a day")
	}
	dec := look(d, well, p, now)
	if rests(t, dec, reconcile.Keep); dec.Drop || !dec.Next.Due.Equal(start.Add(day)) {
		t.Errorf("%+v", dec)
	}
	if dec := look(d, well, p, start.Add(day)); !dec.Drop {
		t.Errorf("%+v", dec)
	}
}

func TestOffStays(t *testing.T) {
	t.Parallel()
	p := policy()
	dec := look(wanted(t, p, func(a *spec.App) { a.ACM = no() }), well, p, start)
	rests(t, dec, reconcile.Keep)
	state(t, dec.Next, record.Disabled)
	if !dec.Next.Due.IsZero() || dec.Drop || reconcile.Finished(dec.Next, p, start) {
		t.Errorf("%+v", dec)
	}
}
