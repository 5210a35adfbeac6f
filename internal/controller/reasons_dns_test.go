package controller_test

import (
	"fmt"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/dns"
)

// Numbers of DNS, as on the wire.
const (
	typeA, typeCAA                = 1, 257
	formErr, servFail             = 1, 2
	notImp, refusedRcode          = 4, 5
	edeBogus, edeExpired          = 6, 7
	edeNoDNSKEY, edeUnreachable   = 9, 22
	edeNetworkError, edeNoRRSIG   = 23, 10
	edeSignatureNotYet, edeNoNSEC = 8, 12
)

func dnsWays() []way {
	target := "CNAME {} to {}.dns.platform.example"
	ways := []way{
		{name: "no record", wrong: []fault{records()}, want: failure.DomainNotFound, remedy: "Add " + target},
		{name: "only a text", wrong: []fault{records(`TXT "hello"`)}, want: failure.DNSUnresolved, remedy: "Set " + target + "; if the DNS provider refuses"},
		{
			name: "alias to nothing", wrong: []fault{records("CNAME gone.elsewhere.test.")},
			want: failure.IncorrectDNS, remedy: "Set " + target,
		},
		{
			name: "alias to itself", wrong: []fault{records("CNAME {}.")},
			want: failure.DNSUnresolved, remedy: "Set " + target,
		},
		{
			name: "aliases in a circle", wrong: []fault{records("CNAME b.{}."), at("b.{}", "CNAME {}.")},
			want: failure.DNSUnresolved, remedy: "Set " + target,
		},
		{name: "aliases without end", wrong: []fault{endless}, want: failure.DNSUnresolved, remedy: "Set " + target},
		{
			name: "an old target", wrong: []fault{records("CNAME shop.oldplatform.example."), at("shop.oldplatform.example", "A "+nobodyHome)},
			want: failure.IncorrectCNAME, remedy: "Set " + target, message: "shop.oldplatform.example, which is no longer",
		},
		{
			name: "somebody elses target", wrong: []fault{records("CNAME pages.other.test."), at("pages.other.test", "A "+nobodyHome)},
			want: failure.IncorrectCNAME, remedy: "Set " + target, message: "pages.other.test",
		},
		{
			name: "an address where nobody listens", wrong: []fault{records("A " + nobodyHome)},
			want: failure.IncorrectDNS, remedy: "Remove A {} " + nobodyHome + ", then set " + target, message: nobodyHome,
		},
		{
			name: "a private address", wrong: []fault{records("A 10.1.2.3")},
			want: failure.ReservedAddress, remedy: "Remove A {} 10.1.2.3, then set " + target, message: "10.1.2.3",
		},
		{name: "the metadata service", wrong: []fault{records("A 169.254.169.254")}, want: failure.ReservedAddress, message: "169.254.169.254"},
		{name: "a documentation address", wrong: []fault{records("A 192.0.2.7")}, want: failure.ReservedAddress, message: "192.0.2.7"},
	}
	for _, f := range []struct {
		name  string
		fault dns.Fault
		want  failure.Code
	}{
		{"bogus signatures", dns.Fault{Rcode: servFail, EDE: edeBogus, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"expired signatures", dns.Fault{Rcode: servFail, EDE: edeExpired, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"early signatures", dns.Fault{Rcode: servFail, EDE: edeSignatureNotYet, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"no dnskey", dns.Fault{Rcode: servFail, EDE: edeNoDNSKEY, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"no signatures", dns.Fault{Rcode: servFail, EDE: edeNoRRSIG, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"no proof of absence", dns.Fault{Rcode: servFail, EDE: edeNoNSEC, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"dnssec unexplained", dns.Fault{Rcode: servFail, OnlyWithoutCD: true}, failure.DNSSECFailed},
		{"no authority reachable", dns.Fault{Rcode: servFail, EDE: edeUnreachable}, failure.DNSTimeout},
		{"network error", dns.Fault{Rcode: servFail, EDE: edeNetworkError}, failure.DNSTimeout},
		{"server failure", dns.Fault{Rcode: servFail}, failure.DNSUnresolved},
	} {
		ways = append(ways, way{name: f.name, wrong: []fault{dnsFails(0, f.fault)}, want: f.want})
	}
	return ways
}

// endless is a chain of more aliases than anybody follows.
func endless(w *world, name string) {
	w.DNS.Set(name, "CNAME a0."+name+".")
	for i := range 20 {
		w.DNS.Set(fmt.Sprintf("a%d.%s", i, name), fmt.Sprintf("CNAME a%d.%s.", i+1, name))
	}
	w.DNS.Set("a20."+name, "A 127.0.0.1")
}

func caaWays() []way {
	forbids := map[string][]string{
		"nobody":                  {`CAA 0 issue ";"`},
		"two others":              {`CAA 0 issue "one.test"`, `CAA 0 issue "two.test"`},
		"an unknown critical tag": {`CAA 0 issue "ca.test"`, `CAA 128 tbs "unknown"`},
		"another account":         {`CAA 0 issue "ca.test; accounturi=https://ca.test/acct/99"`},
		"another method":          {`CAA 0 issue "ca.test; validationmethods=dns-01"`},
	}
	var ways []way
	for name, set := range forbids {
		one := way{name: "caa for " + name, wrong: []fault{caaSet(set...)}, want: failure.CAAForbids}
		if name == "another ca alone" {
			one.remedy = `Add CAA {} 0 issue "ca.test"`
		}
		ways = append(ways, one)
	}
	ways = append(
		ways,
		way{
			name: "caa for another ca", wrong: []fault{caaSet(`CAA 0 issue "other-ca.test"`)},
			want: failure.CAAForbids, remedy: `Add CAA {} 0 issue "ca.test"`,
		},
		way{
			name: "caa of the parent", wrong: []fault{at("caa-of-the-parent.test", `CAA 0 issue "other-ca.test"`)},
			want: failure.CAAForbids, message: "caa-of-the-parent.test",
		},
		way{
			name: "caa of the target", wrong: []fault{at("{}.dns.platform.example", "A 127.0.0.1", `CAA 0 issue "other-ca.test"`)},
			want: failure.CAAForbids,
		},
	)
	for name, f := range map[string]dns.Fault{
		"not implemented": {Rcode: notImp}, "refused": {Rcode: refusedRcode}, "failing": {Rcode: servFail}, "form error": {Rcode: formErr},
	} {
		ways = append(ways, way{
			name: "caa " + name, wrong: []fault{records("A 127.0.0.1"), dnsFails(typeCAA, f)}, want: failure.CAAUnsupported,
		})
	}
	return ways
}
