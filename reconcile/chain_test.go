package reconcile

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// situation is a row, and what was seen of it, at noon.
type situation struct {
	name string
	d    record.Domain
	seen record.Observation
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// situations has one for each rule, and for each pair of neighbours one where
// both apply.
func situations() []situation {
	want := record.Want{Key: "a.example", Names: []string{"a.example"}, App: "shop", Mode: record.Auto, Challenge: "http-01", Entry: "e"}
	bare := record.Domain{Want: want, State: record.Waiting, HandledEntry: "e", Proven: record.Proven{App: "shop"}}
	cert := &record.Certificate{Serial: "01", SHA256: "aa", Names: want.Names, NotBefore: noon.Add(-day), NotAfter: noon.Add(89 * day), Origin: record.OriginACME, Directory: "d", IssuedAt: noon.Add(-day)}
	full := bare
	full.Certificate, full.State, full.CheckedAt = cert, record.CertIssued, noon
	full.Deployed = []record.Deployment{{Target: "edge", SHA256: "aa"}}
	old := *cert
	old.Serial = "00"

	edit := func(d record.Domain, f func(*record.Domain)) record.Domain { f(&d); return d }
	order := &record.Order{State: record.OrderOrdered, Directory: "d", URL: "u"}
	page := record.Observation{Name: "a.example", DNS: &record.DNS{
		A: record.Addresses{Answer: record.NXDomain}, AAAA: record.Addresses{Answer: record.NXDomain},
	}}
	young := *cert
	young.Serial, young.SHA256, young.NotBefore, young.IssuedAt = "02", "bb", noon, noon
	deployed := record.Observation{Name: "a.example", Found: []record.Found{{Target: "edge", Certificate: young}}}
	failing := edit(bare, func(d *record.Domain) {
		d.State = record.Failing
		d.Attempt = record.Attempt{Count: 1, FirstFailed: noon.Add(-time.Minute), Next: noon.Add(time.Minute)}
	})
	byHand := func(d *record.Domain) {
		own := record.Certificate{Serial: "02", SHA256: "bb", Names: want.Names, NotBefore: noon.Add(-day), NotAfter: noon.Add(89 * day), Origin: record.OriginBrought}
		d.Mode, d.Brought = record.ByHand, &record.Brought{Chain: "c.pem", Key: "c.age", Certificate: &own}
	}
	left := func(d *record.Domain) { d.Mode, d.LeftAt = record.Removed, noon.Add(-time.Hour) }
	return []situation{
		{name: "fresh", d: bare},
		{name: "fresh and wrong", d: bare, seen: page},
		{name: "fresh and not proven", d: edit(bare, unknown)},
		{name: "fresh, not proven, and wrong", d: edit(bare, unknown), seen: page},
		{name: "waits", d: failing},
		{name: "waits and is wrong", d: failing, seen: page},
		{name: "blocked", d: edit(bare, block)},
		{name: "blocked while it waits", d: edit(failing, block)},
		{name: "blocked and certified", d: edit(full, block)},
		{name: "certified", d: full},
		{name: "certified, an order open", d: edit(full, func(d *record.Domain) { d.Order = order })},
		{name: "an order open", d: edit(bare, func(d *record.Domain) { d.Order = order })},
		{name: "an order open, file refused", d: edit(bare, func(d *record.Domain) { d.Order, d.Frozen = order, true })},
		{name: "to be deployed", d: edit(full, func(d *record.Domain) { d.Deployed = nil })},
		{name: "off, refused, to be deployed", d: edit(full, func(d *record.Domain) { d.Mode, d.Frozen, d.Deployed = record.Off, true, nil })},
		{name: "by hand, an order open", d: edit(edit(full, byHand), func(d *record.Domain) {
			d.Order, d.Deployed = order, []record.Deployment{{Target: "edge", SHA256: "bb"}}
		})},
		{name: "by hand, file refused", d: edit(edit(bare, byHand), func(d *record.Domain) { d.Frozen = true })},
		{name: "off, refused, a newer one deployed", d: edit(full, func(d *record.Domain) { d.Mode, d.Frozen = record.Off, true }), seen: deployed},
		{name: "to be deployed, a newer one deployed", d: edit(full, func(d *record.Domain) { d.Deployed = nil }), seen: deployed},
		{name: "left", d: edit(full, left)},
		{name: "left, and its old key is compromised", d: edit(edit(full, left), func(d *record.Domain) {
			d.Superseded = []record.Superseded{{Certificate: old, Reason: keyCompromise, RevokeAt: noon}}
		})},
	}
}

func unknown(d *record.Domain) { d.Proven = record.Proven{} }

func block(d *record.Domain) { d.Blocked = &record.Finding{Code: failure.NoWebProcess, Message: "m"} }

func outcomes(rules []rule) []Decision {
	p := Policy{Targets: []string{"edge"}, Directory: "d", RevokeAfter: day, FailAfter: time.Hour}
	p.Platform.VerifyOwnership, p.Platform.Thumbprint = true, "thumbprint"
	var all []Decision
	for _, s := range situations() {
		all = append(all, decide(rules, s.d, s.seen, p, noon))
	}
	return all
}

// TestEveryRuleCounts: without any one of them something else would be decided.
func TestEveryRuleCounts(t *testing.T) {
	t.Parallel()
	whole := outcomes(chain())
	for i, r := range chain() {
		if reflect.DeepEqual(whole, outcomes(slices.Delete(chain(), i, i+1))) {
			t.Errorf("nothing is decided otherwise without the rule %q", r.name)
		}
	}
}

// TestOrderOfRulesCounts: each pair of neighbours stands as it must. One pair
// excludes one another: without a certificate there is nothing to deploy.
func TestOrderOfRulesCounts(t *testing.T) {
	t.Parallel()
	whole := outcomes(chain())
	for i := range len(chain()) - 1 {
		rules := chain()
		rules[i], rules[i+1] = rules[i+1], rules[i]
		exclusive := rules[i+1].name == "every target gets the newest pair"
		if reflect.DeepEqual(whole, outcomes(rules)) != exclusive {
			t.Errorf("%q and %q: swapping them must %schange something", rules[i].name, rules[i+1].name, map[bool]string{true: "not "}[exclusive])
		}
	}
}

// TestEveryObstacleCounts does the same for the obstacles of desired state.
func TestEveryObstacleCounts(t *testing.T) {
	t.Parallel()
	zero := 0
	private := candidate{name: "a.example", challenge: "http-01"}
	private.app.Web = &zero
	trusted := private
	trusted.app.TrustedIPs = true
	wild := trusted
	wild.name, wild.policy.AllowWildcards = "*.a.example", true
	barred := wild
	barred.policy.AllowWildcards = false
	long := barred
	long.name, long.policy.CommonName = "*."+strings.Repeat("a", 60)+".example", true
	beyond := long
	beyond.beyond = true
	unprovided := private
	unprovided.challenge = "dns-01"

	blocked := func(rules []obstacle) []failure.Code {
		var codes []failure.Code
		for _, c := range []candidate{unprovided, private, trusted, wild, barred, long, beyond} {
			codes = append(codes, c.blocked(rules).Code)
		}
		return codes
	}
	whole := blocked(obstacles())
	want := []failure.Code{failure.ChallengeUnreach, failure.NoWebProcess, failure.TrustedIPs, failure.WildcardNeedsDNS, failure.WildcardsNotAllowed, failure.NameTooLong, failure.TooManyDomains}
	if !slices.Equal(whole, want) {
		t.Fatalf("%v, want %v", whole, want)
	}
	for i := range len(obstacles()) - 1 {
		rules := obstacles()
		rules[i], rules[i+1] = rules[i+1], rules[i]
		// Who proves in DNS needs no web process.
		exclusive := rules[i].code == failure.ChallengeUnreach
		if slices.Equal(whole, blocked(rules)) != exclusive {
			t.Errorf("swapping %s and %s changes nothing", rules[i].code, rules[i+1].code)
		}
	}
}
