package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// TestWhatTheCACouldNotReach: a CA that fails at something else than the name
// says nothing of the name's own records.
func TestWhatTheCACouldNotReach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, detail    string
		want            failure.Code
		actor           failure.Actor
		message, remedy string
	}{
		"the TXT record": {
			"dns", "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.blog.shop.example - check that a DNS record exists for this domain",
			failure.DomainNotFound, failure.Operator, "could not read the TXT record _acme-challenge.blog.shop.example", "challenge.dns01",
		},
		"the host of a redirect": {
			"dns", "DNS problem: NXDOMAIN looking up A for gone.other.example - check that a DNS record exists for this domain",
			failure.ChallengeUnreach, "", "redirected from http://blog.shop.example/.well-known/acme-challenge/ to gone.other.example", "Take away that redirect",
		},
		"the server behind a redirect": {
			"connection", "203.0.113.9: Fetching https://cdn.other.example/x: Connection refused",
			failure.ChallengeUnreach, "", "to cdn.other.example, and failed there", "or mend cdn.other.example",
		},
		"a page behind a redirect": {
			"unauthorized", "203.0.113.9: Invalid response from https://cdn.other.example:443/x: 404",
			failure.ChallengeUnreach, "", "to cdn.other.example", "Take away that redirect",
		},
		"too many redirects": {
			"connection", "203.0.113.9: Fetching http://blog.shop.example/x: Too many redirects",
			failure.ChallengeUnreach, "", "cannot be fetched", "Take away that redirect",
		},
		"the name itself": {
			"dns", "DNS problem: NXDOMAIN looking up A for blog.shop.example - check that a DNS record exists for this domain",
			failure.DomainNotFound, "", "blog.shop.example does not exist", "Add CNAME blog.shop.example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := FromProblem(platform(), question(), &record.Problem{Type: "urn:ietf:params:acme:error:" + c.kind, Detail: c.detail, Status: 400, During: "authorization"}, time.Time{})
			if got.Code != c.want || got.Actor != c.actor || !strings.Contains(got.Message, c.message) || !strings.Contains(got.Remedy, c.remedy) {
				t.Errorf("%s for %q\n%s\n%s", got.Code, got.Actor, got.Message, got.Remedy)
			}
			if got.Code != failure.DomainNotFound && len(got.Observed) == 0 {
				t.Error("nothing is said of what was observed")
			}
		})
	}
}

// TestNoCNAMEAtTheTopOfAZone, wherever it was cut off (RFC 1034, section 3.6.2).
func TestNoCNAMEAtTheTopOfAZone(t *testing.T) {
	t.Parallel()
	o := seen(plain([]netip.Addr{elsewhere}, nil), servedBy("ns1.digitalocean.com"))
	o.DNS.Authority.Zone = blog
	for _, f := range Explain(platform(), question(), o, nil) {
		if strings.Contains(f.Remedy, "CNAME") || f.Fix != nil && strings.Contains(f.Fix.Zone, "CNAME") {
			t.Errorf("%s: %s\n%+v", f.Code, f.Remedy, f.Fix)
		}
	}
}

// TestRestrictionsAreKept: a record for us restricts as the owner's own does.
func TestRestrictionsAreKept(t *testing.T) {
	t.Parallel()
	p := platform()
	p.AccountURI = "https://ca.test/acct/1"
	mine := record.CAARecord{Tag: "issue", Value: "letsencrypt.org; accounturi=https://ca.test/acct/1; validationmethods=dns-01"}
	found := Explain(p, question(), seen(right(), caa(mine)), nil)
	want := `0 issue "letsencrypt.org; accounturi=https://ca.test/acct/1; validationmethods=http-01"`
	if len(found) == 0 || len(found[0].Expected) == 0 || found[0].Expected[0].Value != want {
		t.Errorf("%+v", found)
	}
}
