package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

var ownFiles = spec.Certificate{Chain: "certs/shop.pem", Key: "certs/shop.age"}

// own is what the files of ownFiles hold.
func own(serial string, from, until time.Duration, names ...string) record.Brought {
	return record.Brought{Chain: ownFiles.Chain, Key: ownFiles.Key, Certificate: &record.Certificate{
		Origin: record.OriginBrought, Serial: serial, SHA256: serial, Names: names, NotBefore: start.Add(from), NotAfter: start.Add(until),
	}}
}

// brings is desired state of one app that brings a certificate along, with acm
// beside it or not.
func brings(b record.Brought, acm *bool) reconcile.Desired {
	a := app("shop", www)
	a.Certificate, a.ACM = &ownFiles, acm
	d := desired(a)
	d.Apps[0].Certificates = map[spec.Certificate]record.Brought{ownFiles: b}
	return d
}

// settle carries decisions out on the row until it rests, orders apart.
func settle(t *testing.T, d record.Domain, p reconcile.Policy, now time.Time) reconcile.Decision {
	t.Helper()
	for range 10 {
		dec := look(d, well, p, now)
		if d = dec.Next; len(dec.Actions) == 0 || dec.Actions[0].Kind.Orders() {
			return dec
		}
		for _, a := range dec.Actions {
			d = reconcile.Settle(d, reconcile.Result{Action: a}, p, now)
		}
	}
	t.Fatalf("%+v never rests", d)
	return reconcile.Decision{}
}

// TestBroughtCertificates: what becomes of a row, before and after, by what its
// owner brings along.
func TestBroughtCertificates(t *testing.T) {
	t.Parallel()
	on, off := true, false
	for name, c := range map[string]struct {
		brought  record.Brought
		acm      *bool
		had      bool // an automatic certificate before
		state    record.State
		serial   string
		finding  string // of the first that is no warning
		note     string
		actor    string
		app      string
		replaced bool // an automatic one is ordered
	}{
		"manual":                         {own("m", -day, 90*day, www), nil, false, record.Manual, "m", "", "", "none", "manual", false},
		"ACM written off":                {own("m", -day, 90*day, www), &off, false, record.Manual, "m", "", "", "none", "manual", false},
		"in the place of an automatic":   {own("m", -day, 90*day, www), nil, true, record.Manual, "m", "", "", "none", "manual", false},
		"a wildcard":                     {own("m", -day, 90*day, "*.shop.example"), nil, false, record.Manual, "m", "", "", "none", "manual", false},
		"for another name":               {own("m", -day, 90*day, "shop.example"), nil, true, record.Failing, "auto", "certs/shop.pem is not for www.shop.example, but for shop.example", "", "owner", "manual", false},
		"for another name, nothing else": {own("m", -day, 90*day, "shop.example"), nil, false, record.Failing, "", "is not for", "", "owner", "manual", false},
		"unusable":                       {record.Brought{Fault: "certs/shop.age is damaged"}, nil, true, record.Failing, "auto", "certs/shop.age is damaged", "", "owner", "manual", false},
		"locked":                         {record.Brought{Fault: "certs/shop.age is locked", Operator: true, Remedy: "Set it."}, nil, false, record.Failing, "", "is locked", "", "operator", "manual", false},
		"expired":                        {own("m", -90*day, -day, www), nil, true, record.Failing, "auto", "certs/shop.pem expired at", "", "owner", "manual", false},
		"not yet valid":                  {own("m", day, 90*day, www), nil, true, record.Failing, "auto", "certs/shop.pem is not valid before", "", "owner", "manual", false},
		"about to expire":                {own("m", -80*day, 29*day, www), nil, false, record.Manual, "m", "", "expires at", "owner", "manual", false},
		"short, not yet about to":        {own("m", -day, 20*day, www), nil, false, record.Manual, "m", "", "", "none", "manual", false},
		"migrating":                      {own("m", -day, 90*day, www), &on, false, record.Manual, "m", "", "", "none", "migrating", true},
		"migrating, and there already":   {own("m", -day, 90*day, www), &on, true, record.CertIssued, "auto", "", "not used any more", "none", "migrating", false},
		"migrating from nothing usable":  {own("m", -day, 90*day, "shop.example"), &on, false, record.DNSVerified, "", "", "is not for", "none", "migrating", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			s := newStage(t, p, app("shop", www))
			if c.had {
				s.issue()
				s.known.Domains[0].Certificate.Serial = "auto"
			}
			if a := s.admit(brings(c.brought, c.acm)); a.Held || s.app("shop").ACM != c.app {
				t.Errorf("held %v, acm %s", a.Held, s.app("shop").ACM)
			}
			dec := settle(t, s.row(www), p, start.Add(time.Minute))
			d, serial := dec.Next, ""
			if d.Certificate != nil {
				serial = d.Certificate.Serial
			}
			if d.State != c.state || serial != c.serial || reconcile.Attention(d) != c.actor {
				t.Errorf("%s with %q for %s: %+v", d.State, serial, reconcile.Attention(d), d.Findings)
			}
			if ordered := len(dec.Actions) > 0; ordered != c.replaced {
				t.Errorf("actions %+v", dec.Actions)
			}
			told(t, d, c.finding, c.note)
			if len(d.Superseded) > 0 {
				t.Errorf("to be revoked: %+v", d.Superseded)
			}
		})
	}
}

// told wants one finding and one note that say so, or none.
func told(t *testing.T, d record.Domain, finding, note string) {
	t.Helper()
	var said, noted string
	for _, f := range d.Findings {
		if f.Code != failure.ManualInvalid {
			t.Errorf("finding %+v", f)
		}
		if f.Warning {
			noted += f.Message
		} else {
			said += f.Message
		}
	}
	if !strings.Contains(said, finding) || finding == "" && said != "" || !strings.Contains(noted, note) || note == "" && noted != "" {
		t.Errorf("it says %q and notes %q", said, noted)
	}
}

// TestBroughtCertificatesAreWatched: the row wakes when its certificate begins,
// when its end is announced, and at its end.
func TestBroughtCertificatesAreWatched(t *testing.T) {
	t.Parallel()
	p := policy()
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", day, 91*day, www), nil))
	d, seen := settle(t, s.row(www), p, start).Next, []record.State{}
	ends := map[time.Time]string{start.Add(day - 5*time.Minute): "begins", start.Add(61 * day): "is announced", start.Add(91 * day): "ends"}
	for !d.Due.IsZero() && d.Due.Before(start.Add(200*day)) {
		delete(ends, d.Due)
		now := d.Due
		before := d.State
		d = settle(t, d, p, now).Next
		if d.State != before {
			seen = append(seen, d.State)
		}
	}
	if len(ends) > 0 {
		t.Errorf("nobody looked when it %v", ends)
	}
	if len(seen) != 2 || seen[0] != record.Manual || seen[1] != record.Failing {
		t.Errorf("it was %v", seen)
	}
}

// TestTakingBackABroughtCertificate: with ACM it stays until there is another;
// without, it goes after the grace, and no CA is asked to revoke it. The guard
// counts it.
func TestTakingBackABroughtCertificate(t *testing.T) {
	t.Parallel()
	off := false
	p := policy()
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", -day, 90*day, www), nil))
	s.known.Domains[0] = settle(t, s.row(www), p, start).Next

	s.admit(desired(app("shop", www)))
	dec := settle(t, s.row(www), p, start)
	if a := only(t, dec); a.Kind != reconcile.Replace || dec.Next.Certificate.Serial != "m" || dec.Next.State != record.Manual {
		t.Errorf("%+v, %s", a, dec.Next.State)
	}
	guarded := p
	guarded.MaxRemovals, guarded.RemovalFloor = 0, 0
	gone := desired(with(app("shop", www), func(a *spec.App) { a.ACM = &off }))
	if a := reconcile.Admit(gone, s.known, guarded, start); !a.Held {
		t.Error("the guard does not count it")
	}
	s.admit(gone)
	d := s.row(www)
	rests(t, look(d, well, p, start), reconcile.Wait)
	dec = look(d, well, p, start.Add(2*day))
	if a := only(t, dec); a.Kind != reconcile.Forget || !strings.Contains(a.Why, "brought along") {
		t.Errorf("%+v", a)
	}
	if d = reconcile.Settle(dec.Next, reconcile.Result{Action: dec.Actions[0]}, p, start.Add(2*day)); !reconcile.NothingLeft(d) || d.State != record.Disabled {
		t.Errorf("%+v", d)
	}
}

// TestARefusedFileKeepsWhatWasBrought: other files do not count meanwhile.
func TestARefusedFileKeepsWhatWasBrought(t *testing.T) {
	t.Parallel()
	p := policy()
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", -day, 90*day, www), nil))
	s.known.Domains[0] = settle(t, s.row(www), p, start).Next
	s.admit(refused(brings(own("n", -day, 80*day, www), nil)))
	if d := settle(t, s.row(www), p, start).Next; d.Certificate.Serial != "m" || d.State != record.Manual {
		t.Errorf("%s with %+v", d.State, d.Certificate)
	}
}

// TestBroughtCertificatesAreTold: one message for a certificate that nobody
// follows up before its end and after, and one when its successor is in use.
func TestBroughtCertificatesAreTold(t *testing.T) {
	t.Parallel()
	p := policy()
	p.NotifyAfter = 3 * day
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", -day, 90*day, www), nil))
	told := 0
	for d := s.row(www); d.Due.Before(start.Add(100 * day)); s.known.Domains[0] = d {
		s.now = d.Due
		next := settle(t, d, p, s.now).Next
		if d.Notice.Told.IsZero() && !next.Notice.Told.IsZero() {
			told++
			if next.Notice.Reason != failure.ManualInvalid || !next.Notice.Told.Equal(start.Add(63*day)) {
				t.Errorf("told %+v", next.Notice)
			}
		}
		if d = next; d.Due.IsZero() {
			s.known.Domains[0] = d
			break
		}
	}
	if state(t, s.row(www), record.Failing); told != 1 {
		t.Errorf("told %d times", told)
	}
	s.now = start.Add(100 * day)
	s.admit(brings(own("n", 99*day, 300*day, www), nil))
	if d := settle(t, s.row(www), p, s.now).Next; d.State != record.Manual || d.Notice.Healed.IsZero() {
		t.Errorf("%s, %+v", d.State, d.Notice)
	}
}

// TestTakenUpWhereItIsAlready: the row's own certificate has expired, and every
// target has what its owner brings along. Nothing is to be done but to look, and
// that is done at once and not at a next step.
func TestTakenUpWhereItIsAlready(t *testing.T) {
	t.Parallel()
	p, now := policy(), start.Add(100*day)
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", 99*day, 200*day, www), nil))
	d := certified(s.row(www), p, start)
	for i := range d.Deployed {
		d.Deployed[i].SHA256 = "m"
	}
	dec := look(d, well, p, now)
	if dec.Next.Certificate.Serial != "m" || len(dec.Actions) > 0 || !dec.Next.Due.After(now) {
		t.Errorf("%s with %d actions, due %v at %v", dec.Next.Certificate.Serial, len(dec.Actions), dec.Next.Due, now)
	}
}

// TestAnOrderGivenUpIsLookedPast: a row whose owner takes over by hand is looked
// at in the step that gives its order up, and not at a next one.
func TestAnOrderGivenUpIsLookedPast(t *testing.T) {
	t.Parallel()
	p, now := policy(), start.Add(3*day)
	s := newStage(t, p, app("shop", www))
	s.admit(brings(own("m", 0, 200*day, www), nil))
	d := certified(s.row(www), p, start)
	d.Certificate.Serial, d.Certificate.SHA256, d.Certificate.Origin = "m", "m", record.OriginBrought
	for i := range d.Deployed {
		d.Deployed[i].SHA256 = "m"
	}
	d.Order = &record.Order{ID: "o", Key: www, Directory: p.Directory, State: record.OrderValidating, URL: "https://ca.test/o"}
	if dec := look(d, well, p, now); dec.Next.Order != nil || len(dec.Actions) > 0 || !dec.Next.Due.After(now) {
		t.Errorf("order %v, %d actions, due %v at %v", dec.Next.Order, len(dec.Actions), dec.Next.Due, now)
	}
}
