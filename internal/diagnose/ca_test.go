package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

const pausedDetail = "Your account is temporarily prevented from requesting certificates for blog.shop.example and possibly others. " +
	"Please visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=eyJhbGciOi.SECRET"

// problemCase is what a CA says, and the reason it is taken for. It is said of
// a challenge unless during says otherwise.
type problemCase struct {
	kind, detail, during, challenge string
	want                            failure.Code
}

// checkProblems explains each alone. Together the tests that call it name every
// error type of RFC 8555, section 6.7, and what CAs say beyond it.
func checkProblems(t *testing.T, cases []problemCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.kind+" "+string(c.want), func(t *testing.T) {
			t.Parallel()
			p := problem(c.kind, c.detail)
			p.During = or(c.during, "challenge")
			q := question()
			q.Challenge = c.challenge
			got := Explain(platform(), q, record.Observation{}, p)
			if len(got) != 1 || got[0].Code != c.want || got[0].Warning {
				t.Fatalf("found %+v, want %s alone", got, c.want)
			}
			if text := got[0].Message + got[0].Remedy; strings.ContainsAny(text, "{}") || strings.Contains(text, "..") {
				t.Errorf("badly filled: %q", text)
			}
		})
	}
}

func TestProblemsOfAccounts(t *testing.T) {
	t.Parallel()
	checkProblems(t, []problemCase{
		{kind: "accountDoesNotExist", during: "account", want: failure.AccountProblem},
		{kind: "badPublicKey", during: "account", want: failure.AccountProblem},
		{kind: "externalAccountRequired", during: "account", want: failure.AccountProblem},
		{kind: "invalidContact", during: "account", want: failure.AccountProblem},
		{kind: "unsupportedContact", during: "account", want: failure.AccountProblem},
	})
}

func TestProblemsOfOrders(t *testing.T) {
	t.Parallel()
	checkProblems(t, []problemCase{
		{kind: "alreadyRevoked", during: "revoke", want: failure.CARefused},
		{kind: "badCSR", during: "finalize", want: failure.CARefused},
		{kind: "badPublicKey", during: "finalize", want: failure.CARefused},
		{kind: "badRevocationReason", during: "revoke", want: failure.CARefused},
		{kind: "malformed", during: "order", want: failure.CARefused},
		{kind: "orderNotReady", during: "finalize", want: failure.CARefused},
		{kind: "rateLimited", detail: "too many certificates (50) already issued for \"shop.example\"", during: "order", want: failure.RateLimited},
		{kind: "rateLimited", detail: pausedDetail, during: "order", want: failure.AccountPaused},
		{kind: "rejectedIdentifier", detail: "The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy", during: "order", want: failure.Blocklisted},
		{kind: "rejectedIdentifier", detail: "considered an unsafe domain by a third-party API", during: "order", want: failure.UnsafeDomain},
		{kind: "rejectedIdentifier", detail: "listed for Phishing", during: "order", want: failure.UnsafeDomain},
		// step-ca, of a response that is not the right one.
		{kind: "rejectedIdentifier", detail: "The server will not issue certificates for the identifier", want: failure.CDNChallengeMissing},
		{kind: "rejectedIdentifier", detail: "The server will not issue certificates for the identifier", challenge: "dns-01", want: failure.DNSUnresolved},
		{kind: "rejectedIdentifier", detail: "The server will not issue certificates for the identifier", during: "order", want: failure.Blocklisted},
		{kind: "rejectedIdentifier", detail: "on the blocklist of this CA", want: failure.Blocklisted},
		{kind: "unauthorized", detail: "account is deactivated", during: "order", want: failure.AccountProblem},
		{kind: "unsupportedIdentifier", during: "order", want: failure.CARefused},
		{kind: "userActionRequired", during: "order", want: failure.AccountProblem},
		{kind: "invalidProfile", during: "order", want: failure.ProfileUnsupported},
		{kind: "alreadyReplaced", during: "order", want: failure.CARefused},
	})
}

func TestProblemsOfChallenges(t *testing.T) {
	t.Parallel()
	checkProblems(t, []problemCase{
		{kind: "badNonce", want: failure.CAUnavailable},
		{kind: "badSignatureAlgorithm", want: failure.AccountProblem},
		{kind: "caa", detail: "CAA record for shop.example prevents issuance", want: failure.CAAForbids},
		{kind: "compound", want: failure.CARefused},
		{kind: "connection", detail: "203.0.113.10: Fetching http://blog.shop.example/…: Timeout during connect", want: failure.ChallengeUnreach},
		{kind: "connection", detail: "During secondary validation: Fetching …: Connection refused", want: failure.SecondaryValidation},
		{kind: "dns", detail: "DNS problem: query timed out looking up A for blog.shop.example", want: failure.DNSTimeout},
		{kind: "dns", detail: "DNS problem: NXDOMAIN looking up A for blog.shop.example - check that a DNS record exists", want: failure.DomainNotFound},
		{kind: "dns", detail: "DNS problem: SERVFAIL looking up A for blog.shop.example", want: failure.DNSUnresolved},
		{kind: "dns", detail: "During secondary validation: DNS problem: NXDOMAIN looking up A", want: failure.SecondaryValidation},
		{kind: "incorrectResponse", want: failure.CDNChallengeMissing},
		{kind: "serverInternal", want: failure.CAUnavailable},
		{kind: "tls", want: failure.CDNStrictTLS},
		{kind: "tls", challenge: "tls-alpn-01", want: failure.ChallengeTLS},
		{kind: "unauthorized", detail: "Invalid response from http://blog.shop.example/…: 404", want: failure.CDNChallengeMissing},
		{kind: "unauthorized", detail: "During secondary validation: Invalid response", want: failure.SecondaryValidation},
		{kind: "unauthorized", challenge: "dns-01", want: failure.DNSUnresolved},
		{kind: "unauthorized", challenge: "tls-alpn-01", want: failure.ChallengeTLS},
		{kind: "somethingNew", want: failure.CARefused},
	})
}

func TestProblemsWithoutType(t *testing.T) {
	t.Parallel()
	cases := []struct {
		p    record.Problem
		want failure.Code
	}{
		{record.Problem{During: "directory", Detail: "connection refused"}, failure.CAUnavailable},
		{record.Problem{During: "order", Status: 503, Detail: "<html>maintenance"}, failure.CAUnavailable},
		{record.Problem{During: "order", Status: 429}, failure.RateLimited},
		{record.Problem{During: "order", Status: 418}, failure.CARefused},
		{record.Problem{During: "order", Status: 201, Detail: "not JSON"}, failure.CAUnavailable},
		{record.Problem{During: "certificate", Status: 200, Detail: "no PEM"}, failure.BadCertificate},
	}
	for _, c := range cases {
		if got := codes(Explain(platform(), question(), record.Observation{}, &c.p)); got != string(c.want) {
			t.Errorf("%+v: %q, want %s", c.p, got, c.want)
		}
	}
}

func TestSubproblems(t *testing.T) {
	t.Parallel()
	urn := record.ErrorURN
	other := record.Subproblem{Type: urn + "rejectedIdentifier", Name: "bad.example", Detail: "forbidden by policy"}
	mine := record.Subproblem{Type: urn + "caa", Name: "Blog.shop.example", Detail: "CAA record prevents issuance"}
	cases := map[string]struct {
		kind string
		subs []record.Subproblem
		want failure.Code
	}{
		"ours of a compound":           {"compound", []record.Subproblem{other, mine}, failure.CAAForbids},
		"first of a foreign compound":  {"compound", []record.Subproblem{other}, failure.Blocklisted},
		"ours of another type":         {"malformed", []record.Subproblem{other, mine}, failure.CAAForbids},
		"none of ours of another type": {"malformed", []record.Subproblem{other}, failure.CARefused},
	}
	for name, c := range cases {
		p := problem(c.kind, "Error creating new order")
		p.During, p.Subproblems = "order", c.subs
		if got := codes(Explain(platform(), question(), record.Observation{}, p)); got != string(c.want) {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
	}
}

func TestRateLimitedSaysWhen(t *testing.T) {
	t.Parallel()
	p := problem("rateLimited", "too many certificates (50) already issued for \"shop.example\" in the last 168h0m0s, see https://ca.example/docs#limits.")
	p.RetryAfter = time.Date(2026, 11, 23, 11, 0, 0, 0, time.FixedZone("", 3600))
	got := FromProblem(platform(), question(), p, time.Time{})
	want := "The CA accepts no more requests for blog.shop.example for now: too many certificates (50) already issued for \"shop.example\" in the last 168h0m0s, see https://ca.example/docs."
	if got.Message != want {
		t.Errorf("message\n%q, want\n%q", got.Message, want)
	}
	if want := "Nothing to change: the certificate is requested again at 2026-11-23T10:00:00Z."; got.Remedy != want {
		t.Errorf("remedy %q, want %q", got.Remedy, want)
	}
	later := FromProblem(platform(), question(), p, p.RetryAfter.Add(time.Hour))
	if !strings.Contains(later.Remedy, "2026-11-23T11:00:00Z") {
		t.Errorf("the scheduled time is not the one announced: %q", later.Remedy)
	}
}

// The link that unpauses an account is for its owner alone.
func TestSelfServiceLinkIsWithheld(t *testing.T) {
	t.Parallel()
	details := []string{
		pausedDetail,
		"Account paused: HTTPS://portal.letsencrypt.org/sfe/v1/unpause?jwt=eyJhbGciOi.SECRET",
		strings.Repeat("long ", 200) + pausedDetail,
		"see\x1b[1m https://portal.\x00letsencrypt.org/sfe/v1/unpause?jwt=SECRET self-service",
	}
	for _, detail := range details {
		p := problem("rateLimited", detail)
		finding := FromProblem(platform(), question(), p, time.Time{})
		for _, text := range []string{finding.Message, finding.Remedy, Detail(p)} {
			if strings.Contains(text, "SECRET") || strings.Contains(strings.ToLower(text), "sfe/v1") {
				t.Errorf("the link is published: %q", text)
			}
		}
	}
}

func TestDetailIsShort(t *testing.T) {
	t.Parallel()
	p := problem("unauthorized", "Invalid response:\n\x1b]0;title\x07<html>\u202e"+strings.Repeat("é", 400))
	got := Detail(p)
	if n := len([]rune(got)); n != maxDetail {
		t.Errorf("%d characters, want %d", n, maxDetail)
	}
	if want := "Invalid response: <html>é"; !strings.HasPrefix(got, want) {
		t.Errorf("%q does not begin with %q", got, want)
	}
}
