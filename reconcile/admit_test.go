package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
	"github.com/acmsync/acmsync/spec"
)

func yes() *bool { b := true; return &b }

func no() *bool { b := false; return &b }

func count(n int) *int { return &n }

// TestNoDNSProvider: nobody can answer in DNS, and for a wildcard that is the
// operator's to change.
func TestNoDNSProvider(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		name     string
		provider bool
		code     failure.Code
		who      string
	}{
		"wildcard over HTTP":                  {"*.shop.example", true, failure.WildcardNeedsDNS, "owner"},
		"wildcard over HTTP, no provider":     {"*.shop.example", false, failure.WildcardNeedsDNS, "operator"},
		"wildcard in DNS, no provider":        {"*.shop.example", false, failure.WildcardNeedsDNS, "operator"},
		"another name in DNS, no provider":    {"www.shop.example", false, failure.ChallengeUnreach, "owner"},
		"another name in DNS with a provider": {"www.shop.example", true, "", "none"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			p.DNSProvider = c.provider
			d := wanted(t, p, func(a *spec.App) {
				a.Domains[0].Name = c.name
				if strings.Contains(name, "in DNS") {
					a.Challenge = "dns-01"
				}
			})
			got, who := failure.Code(""), "none"
			if d.Blocked != nil {
				got, who = d.Blocked.Code, reconcile.Attention(record.Domain{Findings: []record.Finding{*d.Blocked}})
			}
			if got != c.code || who != c.who {
				t.Errorf("blocked by %q, which is for %s; want %q, %s: %+v", got, who, c.code, c.who, d.Blocked)
			}
		})
	}
}

func TestModeAndObstacles(t *testing.T) {
	t.Parallel()
	private := func(a *spec.App) { a.Runtime = spec.Private }
	cases := []struct {
		name  string
		edit  func(*spec.App)
		mode  record.Mode
		block failure.Code
	}{
		{"common is on", func(*spec.App) {}, record.Auto, ""},
		{"private is off", private, record.Off, ""},
		{"private, switched on, runs web", func(a *spec.App) { private(a); a.ACM, a.Web = yes(), count(1) }, record.Auto, ""},
		{"private, switched on, web unknown", func(a *spec.App) { private(a); a.ACM = yes() }, record.Auto, failure.NoWebProcess},
		{"private by the domain's switch", func(a *spec.App) { private(a); a.Web = count(2); a.Domains[0].ACM = yes() }, record.Auto, ""},
		{"switched off", func(a *spec.App) { a.ACM = no() }, record.Off, ""},
		{"domain switched off", func(a *spec.App) { a.ACM = yes(); a.Domains[0].ACM = no() }, record.Off, ""},
		{"domain switched on", func(a *spec.App) { a.ACM = no(); a.Domains[0].ACM = yes() }, record.Auto, ""},
		{"ineligible wins", func(a *spec.App) { a.Plan, a.ACM = "free", yes() }, record.Ineligible, ""},
		{"ineligible is not blocked too", func(a *spec.App) { a.Plan, a.Web = "free", count(0) }, record.Ineligible, ""},
		{"no web", func(a *spec.App) { a.Web = count(0) }, record.Auto, failure.NoWebProcess},
		{"no web, but off", func(a *spec.App) { a.Web, a.ACM = count(0), no() }, record.Off, ""},
		{"no web, proved in DNS", func(a *spec.App) { a.Web, a.Challenge = count(0), "dns-01" }, record.Auto, ""},
		{"trusted IPs", func(a *spec.App) { a.TrustedIPs = true }, record.Auto, failure.TrustedIPs},
		{"trusted IPs before web", func(a *spec.App) { a.TrustedIPs, a.Web = true, count(0) }, record.Auto, failure.TrustedIPs},
		{"trusted IPs, domain proved in DNS", func(a *spec.App) { a.TrustedIPs = true; a.Domains[0].Challenge = "dns-01" }, record.Auto, ""},
		{"wildcard", func(a *spec.App) { a.Domains[0].Name = "*.shop.example" }, record.Auto, failure.WildcardNeedsDNS},
		{"wildcard by TLS", func(a *spec.App) { a.Domains[0].Name, a.Challenge = "*.shop.example", "tls-alpn-01" }, record.Auto, failure.WildcardNeedsDNS},
		{"wildcard in DNS", func(a *spec.App) { a.Domains[0].Name, a.Challenge = "*.shop.example", "dns-01" }, record.Auto, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := policy()
			p.DNSProvider = true
			d := wanted(t, p, c.edit)
			got := failure.Code("")
			if d.Blocked != nil {
				got = d.Blocked.Code
			}
			if d.Mode != c.mode || got != c.block {
				t.Errorf("mode %s blocked by %q, want %s and %q", d.Mode, got, c.mode, c.block)
			}
			if d.Blocked != nil && strings.ContainsAny(d.Blocked.Message+d.Blocked.Remedy, "{}") {
				t.Errorf("unfilled: %+v", d.Blocked)
			}
		})
	}
}

func TestWildcardsNotAllowedComesBeforeTheChallenge(t *testing.T) {
	t.Parallel()
	p := policy()
	p.AllowWildcards = false
	d := wanted(t, p, func(a *spec.App) { a.Domains[0].Name = "*.shop.example" })
	if d.Blocked.Code != failure.WildcardsNotAllowed {
		t.Errorf("blocked by %s", d.Blocked.Code)
	}
}

func TestChallengeAndTokens(t *testing.T) {
	t.Parallel()
	p := policy()
	p.DefaultChallenge = "tls-alpn-01"
	a := app("shop", "a.example", "b.example")
	a.Refresh, a.Domains[1].Refresh, a.Domains[1].Challenge, a.Domains[1].Rekey = "1", "x/y", "http-01", "k"
	s := newStage(t, p, a)
	one, two := s.row("a.example"), s.row("b.example")
	if one.Challenge != "tls-alpn-01" || two.Challenge != "http-01" {
		t.Errorf("challenges %s, %s", one.Challenge, two.Challenge)
	}
	if one.Refresh == two.Refresh || one.Refresh == "" || one.Rekey != "" || two.Rekey == "" {
		t.Errorf("tokens: %+v %+v", one.Want, two.Want)
	}
}

// A value that goes away asks for nothing, one that comes asks once.
func TestTokensOfAppAndDomainAreTwo(t *testing.T) {
	t.Parallel()
	p := policy()
	s := newStage(t, p, with(app("shop", www), func(a *spec.App) { a.Rekey, a.Domains[0].Rekey = "1", "2" })).issue()
	rekeys := func(edit func(*spec.App)) bool {
		s.admit(desired(with(app("shop", www), edit)))
		for _, a := range look(s.row(www), well, p, s.now.Add(time.Minute)).Actions {
			if a.Kind == reconcile.Replace {
				return true
			}
		}
		return false
	}
	if rekeys(func(a *spec.App) { a.Domains[0].Rekey = "2" }) {
		t.Error("taking the app's rekey away asked for a new key")
	}
	if rekeys(func(*spec.App) {}) {
		t.Error("taking every rekey away asked for a new key")
	}
	if !rekeys(func(a *spec.App) { a.Rekey = "2" }) {
		t.Error("a new value of the app's rekey asked for nothing")
	}
}

func TestRefusedFile(t *testing.T) {
	t.Parallel()
	before := with(app("shop", www), func(a *spec.App) { a.Rekey = "1" })
	s := newStage(t, policy(), before, app("blog", "blog.example")).issue()
	row := s.row(www)

	mixed := desired(app("blog", "blog.example", www)) // blog grabs at shop's name
	mixed.Apps = append(mixed.Apps, refused(desired(before)).Apps...)
	s.now = s.now.Add(time.Hour)
	a := s.admit(mixed)
	got := s.row(www)
	if !got.Frozen || got.Mode != record.Auto || got.App != "shop" || got.Entry != row.Entry {
		t.Errorf("%+v", got.Want)
	}
	if shop := s.app("shop"); shop.Error == nil || shop.Revision != "main@sha1:c0" || shop.Gone {
		t.Errorf("%+v", shop)
	}
	if len(s.app("blog").Refusals) != 1 {
		t.Errorf("blog got a name of a refused file: %+v", a)
	}

	t.Run("it is renewed", func(t *testing.T) {
		t.Parallel()
		if act := only(t, look(got, well, s.policy, start.Add(80*day))); act.Kind != reconcile.Renew {
			t.Errorf("%+v", act)
		}
	})
	t.Run("it is deployed", func(t *testing.T) {
		t.Parallel()
		d := got
		d.Deployed = d.Deployed[:1]
		if act := only(t, look(d, well, s.policy, s.now)); act.Kind != reconcile.Deploy || act.Target != "edge-2" {
			t.Errorf("%+v", act)
		}
	})
	t.Run("nothing is begun", func(t *testing.T) {
		t.Parallel()
		d := newStage(t, policy(), app("shop", www)).row(www)
		d.Frozen = true
		dec := look(d, well, s.policy, s.now)
		if o := rests(t, dec, reconcile.Hold); !strings.Contains(o.Why, "refused") || !dec.Next.Due.IsZero() {
			t.Errorf("%+v", dec)
		}
		state(t, dec.Next, record.Waiting)
	})
	t.Run("nothing is removed", func(t *testing.T) {
		t.Parallel()
		d := got
		d.Mode, d.LeftAt = record.Off, start.Add(-48*time.Hour)
		rests(t, look(d, well, s.policy, s.now), reconcile.Hold)
	})
	t.Run("no new key", func(t *testing.T) {
		t.Parallel()
		d := got
		d.HandledRekey = ""
		rests(t, look(d, well, s.policy, s.now), reconcile.Keep)
	})
}

// An app that stands in a refused file and, moved, in a good one, is as the
// refused file had it.
func TestHalfMovedApp(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("shop", www))
	moved := with(app("shop", "new.example"), func(a *spec.App) { a.File = "apps/other.yaml" })
	between := with(app("blog", "blog.example"), func(a *spec.App) { a.File = "apps/between.yaml" })
	both := refused(desired(app("shop", www)))
	both.Apps = append(both.Apps, desired(between, moved).Apps...)
	a := s.admit(both)
	if len(s.known.Domains) != 2 || !s.row(www).Frozen || len(a.Apps) != 2 {
		t.Errorf("%+v", a)
	}
}

func TestMaxDomainsPerApp(t *testing.T) {
	t.Parallel()
	p := policy()
	p.MaxDomainsPerApp = 2
	s := newStage(t, p, app("shop", "c.example", "b.example")).issue()
	s.admit(desired(app("shop", "a.example", "b.example", "c.example", "d.example")))
	for name, beyond := range map[string]bool{"a.example": true, "b.example": false, "c.example": false, "d.example": true} {
		d := s.row(name)
		if got := d.Blocked != nil && d.Blocked.Code == failure.TooManyDomains; got != beyond {
			t.Errorf("%s beyond the limit: %v, want %v", name, got, beyond)
		}
	}
	fresh := newStage(t, p, app("shop", "z.example", "y.example", "a.example"))
	if fresh.row("z.example").Blocked != nil || fresh.row("a.example").Blocked == nil {
		t.Error("new names count in the order of the file")
	}
}

func TestRevisionIsThatOfTheLastChange(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog", "blog.example"), app("shop", www))
	s.known.Revision = "c1"
	s.admit(desired(app("blog", "blog.example"), with(app("shop", www), func(a *spec.App) { a.Refresh = "1" })))
	if blog, shop := s.app("blog").Revision, s.app("shop").Revision; blog != "main@sha1:c0" || shop != "main@sha1:c1" {
		t.Errorf("blog %s, shop %s", blog, shop)
	}
}

func TestGoneAppsStayWhileTheyHaveRows(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog", "blog.example"), app("shop", www)).issue()
	s.admit(desired(app("blog", "blog.example")))
	if !s.app("shop").Gone || len(reconcile.LiveApps(s.known.Apps, s.known.Domains)) != 2 {
		t.Errorf("%+v", s.known.Apps)
	}
	left := []record.Domain{s.row("blog.example")}
	if apps := reconcile.LiveApps(s.known.Apps, left); len(apps) != 1 || apps[0].Name != "blog" {
		t.Errorf("%+v", apps)
	}
}

func TestBackWithinTheGraceIsKept(t *testing.T) {
	t.Parallel()
	s := newStage(t, policy(), app("blog", "blog.example"), app("shop", www)).issue()
	before := s.row(www)
	s.admit(desired(app("blog", "blog.example"), app("shop")))
	gone := look(s.row(www), well, s.policy, s.now)
	state(t, gone.Next, record.Disabled)
	if o := rests(t, gone, reconcile.Wait); !o.Until.Equal(s.now.Add(day)) {
		t.Errorf("%+v", o)
	}
	s.now = s.now.Add(23 * time.Hour)
	s.admit(desired(app("blog", "blog.example"), app("shop", www)))
	back := look(s.row(www), well, s.policy, s.now)
	rests(t, back, reconcile.Keep)
	if diff := cmp.Diff(before.Certificate, back.Next.Certificate); diff != "" || !back.Next.LeftAt.IsZero() {
		t.Errorf("%s %+v", diff, back.Next.Want)
	}
}
