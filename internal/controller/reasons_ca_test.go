package controller_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
)

// validationWays are names that look right to us, and not to the CA. The words
// are those of Boulder.
func validationWays() []way {
	var ways []way
	for _, c := range []struct {
		name, kind, detail string
		want               failure.Code
	}{
		{"ca saw another key", "unauthorized", `The key authorization file from the server did not match this challenge. Expected "a.b" (got "a.c")`, failure.CDNChallengeMissing},
		{"ca saw 404", "unauthorized", "203.0.113.9: Invalid response from http://{}/.well-known/acme-challenge/x: 404", failure.CDNChallengeMissing},
		{"ca saw a page", "unauthorized", `203.0.113.9: Invalid response from http://{}/.well-known/acme-challenge/x: "<!doctype html>\n<html><head>"`, failure.CDNChallengeMissing},
		{"ca saw nonsense", "incorrectResponse", "the response is not what was expected", failure.CDNChallengeMissing},
		{"ca could not connect", "connection", "203.0.113.9: Fetching http://{}/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)", failure.ChallengeUnreach},
		{"ca was refused", "connection", "203.0.113.9: Fetching http://{}/.well-known/acme-challenge/x: Connection refused", failure.ChallengeUnreach},
		{"ca was cut off", "connection", "203.0.113.9: Fetching http://{}/.well-known/acme-challenge/x: Connection reset by peer", failure.ChallengeUnreach},
		{"ca waited in vain", "connection", "203.0.113.9: Fetching http://{}/: Timeout after connect (your server may be slow or overloaded)", failure.ChallengeUnreach},
		{"ca was sent in circles", "connection", "203.0.113.9: Fetching http://{}/: Redirect loop detected", failure.ChallengeUnreach},
		{"ca failed the handshake", "tls", "203.0.113.9: Fetching https://{}/: remote error: tls: handshake failure", failure.CDNStrictTLS},
		{"ca got nxdomain", "dns", "DNS problem: NXDOMAIN looking up A for {} - check that a DNS record exists for this domain", failure.DomainNotFound},
		{"ca got servfail", "dns", "DNS problem: SERVFAIL looking up A for {} - the domain's nameservers may be malfunctioning", failure.DNSUnresolved},
		{"ca got no dns answer", "dns", "DNS problem: query timed out looking up A for {}", failure.DNSTimeout},
		{"ca found no address", "dns", "no valid A records found for {}; no valid AAAA records found for {}", failure.DNSUnresolved},
		{"ca read the caa set", "caa", `CAA record for {} prevents issuance`, failure.CAAForbids},
		{"others could not connect", "connection", "During secondary validation: 203.0.113.9: Fetching http://{}/: Timeout during connect (likely firewall problem)", failure.SecondaryValidation},
		{"others saw a page", "unauthorized", "During secondary validation: 203.0.113.9: Invalid response from http://{}/: 403", failure.SecondaryValidation},
		{"others got no dns answer", "dns", "During secondary validation: DNS problem: query timed out looking up A for {}", failure.SecondaryValidation},
	} {
		// We looked before, and nothing was wrong: to ask for a record that is in
		// place would only confuse.
		says := "From here "
		if c.want == failure.CDNStrictTLS || c.want == failure.SecondaryValidation {
			says = ""
		}
		ways = append(ways, way{name: c.name, wrong: []fault{judged(c.kind, c.detail)}, want: c.want, message: says})
	}
	caaFails := "While processing CAA for {}: DNS problem: %s looking up CAA for test - the domain's nameservers may be malfunctioning"
	return append(ways, way{
		name: "ca got servfail for caa", wrong: []fault{judged("dns", fmt.Sprintf(caaFails, "SERVFAIL"))},
		want: failure.CAAUnsupported, message: "name servers of test answer a CAA query with SERVFAIL",
	}, way{
		name: "ca got no caa answer", wrong: []fault{judged("dns", fmt.Sprintf(caaFails, "query timed out"))},
		want: failure.CAAUnsupported, message: "answer a CAA query with nothing in time",
	}, way{
		name: "ca found two things", want: failure.CAAForbids,
		wrong: []fault{judged("compound", "see the subproblems", ca.Subproblem{Type: "caa", Detail: "CAA record prevents issuance"})},
	})
}

// orderWays are names that the CA does not even validate, or does not hand out
// what was asked for.
func orderWays() []way {
	soon := time.Now().Add(2 * time.Hour).UTC()
	limited := func(detail string, header ...string) []fault {
		return []fault{refused("rateLimited", detail, 429, header...)}
	}
	ways := []way{
		{name: "forbidden by policy", wrong: []fault{refused("rejectedIdentifier", "The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy", 400)}, want: failure.Blocklisted},
		{name: "unsafe", wrong: []fault{refused("rejectedIdentifier", "is considered an unsafe domain by a third-party API", 400)}, want: failure.UnsafeDomain},
		{name: "not a name for it", wrong: []fault{refused("unsupportedIdentifier", "identifier type not supported", 400)}, want: failure.CARefused},
		{name: "malformed", wrong: []fault{refused("malformed", "Error parsing request", 400)}, want: failure.CARefused},
		{name: "a wall before the ca", wrong: []fault{refusing(ca.NewOrder, ca.Fault{Status: 403, Body: "<html>blocked</html>"})}, want: failure.CARefused},
		{name: "needs an external account", wrong: []fault{refused("externalAccountRequired", "external account binding required", 403)}, want: failure.AccountProblem, remedy: "acme.eab"},
		{name: "terms have changed", wrong: []fault{refused("userActionRequired", "the terms have changed", 403)}, want: failure.AccountProblem, remedy: "terms"},
		{name: "account may not", wrong: []fault{refused("unauthorized", "account is deactivated", 403)}, want: failure.AccountProblem},
		{name: "account key is bad", wrong: []fault{refused("badPublicKey", "account key is compromised", 400)}, want: failure.AccountProblem, remedy: "acme.accountKeyFile"},
		{name: "unknown profile", wrong: []fault{refused("invalidProfile", "profile is not offered", 400)}, want: failure.ProfileUnsupported},
		{name: "ca is ill", wrong: []fault{refused("serverInternal", "oops", 500)}, want: failure.CAUnavailable},
		{name: "ca is down", wrong: []fault{refusing(ca.NewOrder, ca.Fault{Status: 502, Body: "<html>down for maintenance</html>", Header: http.Header{"Retry-After": {"7200"}}})}, want: failure.CAUnavailable}, // a 503 would hold for all
		{name: "ca hangs up", wrong: []fault{refusing(ca.NewOrder, ca.Fault{Drop: true})}, want: failure.CAUnavailable},
		{
			name: "limit of the registered domain", want: failure.RateLimited,
			wrong: limited(`too many certificates (50) already issued for "limit-of-the-registered-domain.test" in the last 168h0m0s, retry after 2026-11-30: see https://letsencrypt.org/docs/rate-limits/`, "Retry-After", "7200"),
		},
		{
			name: "limit of the same names", want: failure.RateLimited,
			wrong: limited("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s", "Retry-After", soon.Format(http.TimeFormat)),
		},
		{
			name: "limit of failures", want: failure.RateLimited,
			wrong: limited(`too many failed authorizations (5) for "www.limit-of-failures.test" in the last 1h0m0s`, "Retry-After", "3600"),
		},
		{name: "limit without a time", want: failure.RateLimited, wrong: limited("too many requests of this type detected recently")},
		{
			name: "paused", want: failure.AccountPaused,
			wrong: limited("Your account is temporarily prevented from requesting certificates for {} and possibly others. Please visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=secret"),
		},
		{name: "key of the certificate is bad", wrong: []fault{refusing(ca.Finalize, ca.Refusal(ca.Problem{Type: "badPublicKey", Detail: "key is too small", Status: 400}))}, want: failure.CARefused},
		{name: "request is bad", wrong: []fault{refusing(ca.Finalize, ca.Refusal(ca.Problem{Type: "badCSR", Detail: "CSR contains IPs", Status: 400}))}, want: failure.CARefused},
		{name: "no certificate came", wrong: []fault{refusing(ca.Cert, ca.Fault{Status: 200, Body: "this is no PEM"})}, want: failure.BadCertificate},
	}
	return ways
}
