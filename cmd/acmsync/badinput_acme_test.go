package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/owner"
)

// TestBadACMEAnswers: what a CA, or something in front of it, may answer, and
// what then is read: about one name, by its owner, and about all, by the
// operator.
func TestBadACMEAnswers(t *testing.T) {
	t.Parallel()
	a := newAiling(t)
	told := a.meet(badOrders(t))
	names := []string{"www.healthy.test"}
	for i, c := range badDirectories() {
		name := fmt.Sprintf("www.new-%d.test", i)
		names = append(names, name)
		a.Point(name)
		a.push(names...)
		lift := a.CA.Fault(ca.Of(c.kind), c.fault)
		said := a.command("sync", "--timeout", "60s")
		lift()
		if c.fault.SkewDate == 0 { // a wrong clock is nobody's failure but this machine's
			said += a.entry(name)
		}
		told = append(told, met{c.name, "the answer to " + string(c.kind) + ": " + c.seen + "\n$ acmsync sync\n" + said})
	}
	checkMet(t, "acme", 40, told)
}

// answering is a fault about one name, of one kind of request.
func answering(name, seen string, kind ca.Kind, f ca.Fault) ails {
	return ails{name, "the answer to " + string(kind) + ": " + seen, func(a *ailing, domain string) {
		f.Body = strings.ReplaceAll(f.Body, "{}", domain)
		a.CA.Fault(ca.Naming(domain, ca.Of(kind)), f)
	}}
}

// badOrders are answers on the way of one order.
func badOrders(t *testing.T) []ails {
	t.Helper()
	plain := func(status int, body string) ca.Fault { return ca.Fault{Status: status, Body: body} }
	at := func(location, body string) ca.Fault {
		return ca.Fault{Status: http.StatusCreated, Body: body, Header: http.Header{"Location": {location}}}
	}
	order := `{"status":"pending","identifiers":[{"type":"dns","value":"{}"}],"authorizations":["https://ca.example/authz"],"finalize":"https://ca.example/finalize"}`
	var all []ails
	for _, c := range []struct {
		name, seen string
		kind       ca.Kind
		fault      ca.Fault
	}{
		{"a page for an order", "200, HTML", ca.NewOrder, plain(200, "<html>maintenance</html>")},
		{"a wall before the CA", "403, HTML", ca.NewOrder, plain(403, "<html>blocked</html>")},
		{"nothing for an order", "201, no body", ca.NewOrder, plain(201, "")},
		{"JSON cut off", `201, {"status":"pen`, ca.NewOrder, at("https://ca.example/order", `{"status":"pen`)},
		{"JSON of other types", `201, {"status": 5}`, ca.NewOrder, at("https://ca.example/order", `{"status":5}`)},
		{"an order without its place", "201, no Location", ca.NewOrder, plain(201, order)},
		{"an order in the clear", "201, Location: http://", ca.NewOrder, at("http://ca.example/order", order)},
		{"an order without authorizations", "201, no authorizations", ca.NewOrder, at("https://ca.example/order", `{"status":"pending","finalize":"https://ca.example/f"}`)},
		{"an order that is invalid at once", "201, invalid", ca.NewOrder, at("https://ca.example/order", `{"status":"invalid"}`)},
		{"an answer without end", "200, 2 MiB", ca.NewOrder, plain(200, strings.Repeat("x", 2<<20))},
		{"a problem nobody knows", "400, urn:example:odd", ca.NewOrder, ca.Fault{Status: 400, Header: asProblem, Body: `{"type":"urn:example:odd","detail":"it is odd"}`}},
		{"a problem that says nothing", "400, {}", ca.NewOrder, ca.Fault{Status: 400, Header: asProblem, Body: `{}`}},
		{"a problem with control characters", "400, a detail that clears the screen", ca.NewOrder, ca.Fault{Status: 400, Header: asProblem, Body: `{"type":"urn:ietf:params:acme:error:malformed","detail":"\u001b[2Jbad\u202e\n"}`}},
		{"no good nonce", "400, badNonce, always", ca.NewOrder, ca.Refusal(ca.Problem{Type: "badNonce", Detail: "JWS has an invalid anti-replay nonce", Status: 400})},
		{"a limit until never", "429, Retry-After: Fri, 31 Dec 9999", ca.NewOrder, limit("Fri, 31 Dec 9999 23:59:59 GMT")},
		{"a limit until nothing", "429, Retry-After: soon", ca.NewOrder, limit("soon")},
		{"a limit until before", "429, Retry-After: -1", ca.NewOrder, limit("-1")},
		{"a name it does not take", "400, rejectedIdentifier", ca.NewOrder, ca.Refusal(ca.Problem{Type: "rejectedIdentifier", Detail: "policy forbids issuing for name", Status: 400})},
		{"a page for an authorization", "200, HTML", ca.Authz, plain(200, "<html>")},
		{"an authorization that is not there", "404", ca.Authz, plain(404, "")},
		{"an authorization without challenges", "200, no challenges", ca.Authz, plain(200, `{"status":"pending","identifier":{"type":"dns","value":"{}"},"challenges":[]}`)},
		{"an authorization of a status nobody knows", "200, status odd", ca.Authz, plain(200, `{"status":"odd","identifier":{"type":"dns","value":"{}"},"challenges":[]}`)},
		{"a challenge of another kind", "200, tls-alpn-01 alone", ca.Authz, plain(200, `{"status":"pending","identifier":{"type":"dns","value":"{}"},"challenges":[{"type":"tls-alpn-01","url":"https://ca.example/c","token":"abcdefghijklmnopqrstuv"}]}`)},
		{"a token that is a path", "200, token ../../etc/passwd", ca.Authz, plain(200, `{"status":"pending","identifier":{"type":"dns","value":"{}"},"challenges":[{"type":"http-01","url":"https://ca.example/c","token":"../../etc/passwd"}]}`)},
		{"a page for a certificate", "200, HTML", ca.Cert, plain(200, "<html>")},
		{"no certificate", "200, no body", ca.Cert, plain(200, "")},
		{"a certificate cut off", "200, PEM without its end", ca.Cert, plain(200, "-----BEGIN CERTIFICATE-----\nMIIB\n")},
		{"a certificate damaged", "200, PEM of no certificate", ca.Cert, plain(200, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")},
		{"a key for a certificate", "200, PEM of a private key", ca.Cert, plain(200, "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")},
		{"somebody else's certificate", "200, a certificate for another key", ca.Cert, plain(200, foreignChain(t))},
		{"a CSR that it does not like", "400, badCSR", ca.Finalize, ca.Refusal(ca.Problem{Type: "badCSR", Detail: "CSR contains more than one key", Status: 400})},
		{"a page for the last step", "500, HTML", ca.Finalize, plain(500, "<html>")},
	} {
		all = append(all, answering(c.name, c.seen, c.kind, c.fault))
	}
	return append(all, badJudgements()...)
}

var asProblem = http.Header{"Content-Type": {"application/problem+json"}}

func limit(retryAfter string) ca.Fault {
	detail := `too many failed authorizations (5) for "{}" in the last 1h0m0s` // what concerns no other name
	f := ca.Refusal(ca.Problem{Type: "rateLimited", Detail: detail, Status: http.StatusTooManyRequests})
	f.Header = f.Header.Clone()
	f.Header.Set("Retry-After", retryAfter)
	return f
}

// badJudgements are validations that end in odd words.
func badJudgements() []ails {
	var all []ails
	for _, c := range []struct {
		name string
		said ca.Problem
	}{
		{"a validation that fails without a word", ca.Problem{Status: 403}},
		{"a validation with a page in its detail", ca.Problem{Type: "unauthorized", Status: 403, Detail: "Invalid response from http://{}/: \"<html>\n<script>alert(1)</script>\""}},
		{"a validation with words without end", ca.Problem{Type: "connection", Status: 400, Detail: strings.Repeat("timeout ", 10_000)}},
		{"a validation with a type nobody knows", ca.Problem{Type: "hocusPocus", Status: 400, Detail: "abracadabra"}},
	} {
		all = append(all, ails{c.name, fmt.Sprintf("the challenge fails: %s, %.60q", c.said.Type, c.said.Detail), func(a *ailing, domain string) {
			said := c.said
			said.Detail = strings.ReplaceAll(said.Detail, "{}", domain)
			a.CA.Judge(domain, ca.Verdict{Problem: &said})
		}})
	}
	return all
}

// foreignChain is a good certificate, for a key that nobody here has.
func foreignChain(t *testing.T) string {
	t.Helper()
	issuer, err := owner.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := issuer.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "www.elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	return string(pair.Chain)
}

// badDirectories are answers before any order, which concern all names.
func badDirectories() []struct {
	name, seen string
	kind       ca.Kind
	fault      ca.Fault
} {
	return []struct {
		name, seen string
		kind       ca.Kind
		fault      ca.Fault
	}{
		{"a page for the directory", "200, HTML", ca.Directory, ca.Fault{Status: 200, Body: "<html>Sign in</html>"}},
		{"a directory that is not there", "404", ca.Directory, ca.Fault{Status: 404, Body: "not found"}},
		{"a directory without newOrder", "200, {}", ca.Directory, ca.Fault{Status: 200, Body: "{}"}},
		{"a directory that is cut off", "the connection is cut", ca.Directory, ca.Fault{Drop: true}},
		{"a directory in another place", "301, Location: https://ca.example/", ca.Directory, ca.Fault{Status: 301, Header: http.Header{"Location": {"https://127.0.0.1:1/"}}}},
		{"a CA with another clock", "200, Date: an hour ahead", ca.Directory, ca.Fault{SkewDate: time.Hour}},
		{"no nonce", "200, no Replay-Nonce", ca.NewNonce, ca.Fault{Status: 200}},
		{"an account without its place", "201, no Location", ca.NewAccount, ca.Fault{Status: 201, Body: `{"status":"valid"}`}},
		{"an account that is refused", "403, unauthorized", ca.NewAccount, ca.Refusal(ca.Problem{Type: "unauthorized", Detail: "account is deactivated", Status: 403})},
		{"a contact that is refused", "400, invalidContact", ca.NewAccount, ca.Refusal(ca.Problem{Type: "invalidContact", Detail: "invalid contact domain", Status: 400})},
		{"an external account that is wanted", "403, externalAccountRequired", ca.NewAccount, ca.Refusal(ca.Problem{Type: "externalAccountRequired", Detail: "external account binding required", Status: 403})},
		{"a key that is refused", "400, badPublicKey", ca.NewAccount, ca.Refusal(ca.Problem{Type: "badPublicKey", Detail: "account key is known to be compromised", Status: 400})},
		// The last one: what the CA says here holds for all who ask after it.
		{"a CA that is down", "503", ca.Directory, ca.Fault{Status: 503, Body: "<html>down</html>", Header: http.Header{"Retry-After": {"7200"}}}},
	}
}
