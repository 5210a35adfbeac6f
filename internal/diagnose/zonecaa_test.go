package diagnose_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/lab/dns"
)

// TestCAAOfZones: the climb as a CA makes it, each way of failing at each level,
// and the record that mends it.
func TestCAAOfZones(t *testing.T) {
	t.Parallel()
	failing := func(owner string, f dns.Fault) []zoneFault { return []zoneFault{{"r12", owner, typeCAA, f}} }
	forbids := `{} 300 CAA 0 issue "other.example"`
	allows := `{} 300 CAA 0 issue "ca.example"`
	follow(t, []zoneCase{
		{name: "none", all: lines(good)},
		{name: "allowed", all: lines(good, allows)},
		{name: "two-issuers", all: lines(good, forbids, allows)},
		{name: "closer", all: lines("www.{} A 192.0.2.1", `www.{} CAA 0 issue "ca.example"`, forbids)},
		{name: "error-above-a-set", all: lines("www.{} A 192.0.2.1", `www.{} CAA 0 issue "ca.example"`), faults: failing("{}", dns.Fault{Rcode: 2})},
		{name: "only-iodef", all: lines(good, `{} CAA 0 iodef "mailto:a@{}"`)},
		{name: "only-issuewild", all: lines(good, `{} CAA 0 issuewild ";"`)},

		{name: "another", all: lines(good, forbids), want: "caa-forbids", message: "The CAA records of {} (the list of CAs that may issue certificates for it) do not allow ca.example", remedy: `Add CAA {} 0 issue "ca.example"`},
		{name: "nobody", all: lines(good, `{} CAA 0 issue ";"`), want: "caa-forbids", remedy: `Add CAA {} 0 issue "ca.example"`},
		{name: "empty", all: lines(good, `{} CAA 0 issue ""`), want: "caa-forbids"},
		{name: "critical", all: lines(good, `{} CAA 128 tbs "x"`, allows), want: "caa-forbids", remedy: `Remove CAA {} 128 tbs "x"`},
		{name: "method", all: lines(good, `{} CAA 0 issue "ca.example; validationmethods=dns-01"`), want: "caa-forbids", remedy: `Add CAA {} 0 issue "ca.example; validationmethods=http-01"`},
		{name: "closer-forbids", all: lines("www.{} A 192.0.2.1", `www.{} CAA 0 issue "other.example"`, allows), want: "caa-forbids", remedy: `Add CAA www.{} 0 issue "ca.example"`},
		{
			name: "alias", all: lines("www.{} CNAME b.{}.", "b.{} A 192.0.2.1", `b.{} CAA 0 issue "other.example"`),
			want: "caa-forbids", message: "www.{} is an alias of b.{}.", remedy: `Add CAA b.{} 0 issue "ca.example"`,
		},

		{name: "under-way", all: lines(good), resolver: lines(forbids), one: lines(allows), two: lines(allows), want: "~caa-forbids", message: "A change is under way", remedy: "Nothing to change: the old answer leaves the caches by 20"},
		{name: "taken-away", all: lines(good), resolver: lines(forbids), want: "~caa-forbids"},
		{name: "just-added", all: lines(good), one: lines(forbids), two: lines(forbids), recheck: true, want: "caa-forbids"},

		{name: "servfail", all: lines(good), faults: failing("{}", dns.Fault{Rcode: 2}), want: "caa-unsupported", message: "The name servers of {} answer a CAA query with SERVFAIL,"},
		{name: "refused", all: lines(good), faults: failing("{}", dns.Fault{Rcode: 5}), want: "caa-unsupported", message: "answer a CAA query with REFUSED,"},
		{name: "notimp", all: lines(good), faults: failing("{}", dns.Fault{Rcode: 4}), want: "caa-unsupported", message: "answer a CAA query with NOTIMP,"},
		{name: "formerr", all: lines(good), faults: failing("{}", dns.Fault{Rcode: 1}), want: "caa-unsupported", message: "answer a CAA query with FORMERR,"},
		{name: "at-the-name", all: lines("www.{} A 192.0.2.1"), faults: failing("www.{}", dns.Fault{Rcode: 4}), want: "caa-unsupported", message: "The name servers of {} answer a CAA query with NOTIMP for www.{},"},
		{name: "mute", all: lines(good), faults: failing("{}", dns.Fault{Silent: true}), want: "caa-unsupported", message: "nothing in time"},
		{name: "mended-behind-the-resolver", all: lines(good), faults: []zoneFault{{"r", "{}", typeCAA, dns.Fault{Rcode: 2}}}, want: "~caa-unsupported", message: "Asked directly, the name servers of {} answer."},
		{name: "expired", all: lines(good), faults: []zoneFault{{"r", "{}", typeCAA, dns.Fault{Rcode: 2, EDE: 7, OnlyWithoutCD: true}}}, want: "dnssec-failed", message: "its CAA query, signature expired (EDE 7)"},
		{name: "round", all: lines(good, "{} CNAME b.{}.", "b.{} CNAME {}."), want: "caa-unsupported", remedy: "Remove CNAME {} to b.{}, which leads back to itself."},
	})
}

// The platform's own CAA set is the platform's to mend.
func TestCAABehindTheTarget(t *testing.T) {
	t.Parallel()
	follow(t, []zoneCase{{
		name: "ours", all: lines(good), resolver: lines("www.{}.edge.test 300 A 192.0.2.1", `www.{}.edge.test 300 CAA 0 issue "other.example"`),
		want: "caa-forbids", remedy: `Ask the operator of this platform: Add CAA www.{}.edge.test 0 issue "ca.example"`,
	}})
}
