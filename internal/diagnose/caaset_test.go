package diagnose

import (
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

// TestCAASets holds the rules of RFC 8659 and RFC 8657 one by one.
func TestCAASets(t *testing.T) {
	t.Parallel()
	r := func(tag, value string) record.CAARecord { return record.CAARecord{Tag: tag, Value: value} }
	critical := func(tag string) record.CAARecord { return record.CAARecord{Critical: true, Tag: tag, Value: "x"} }
	set := func(records ...record.CAARecord) []record.CAARecord { return records }
	cases := []struct {
		clause   string
		set      []record.CAARecord
		wildcard bool
		allowed  bool
	}{
		{"8659 §3: the CA is named", set(r("issue", "letsencrypt.org")), false, true},
		{"8659 §3: one of several names it", set(r("issue", "other.example"), r("issue", "letsencrypt.org")), false, true},
		{"8659 §4.1: tags have no case", set(r("IsSuE", "other.example")), false, false},
		{"8659 §4.2: issuers have no case", set(r("issue", "LetsEncrypt.ORG")), false, true},
		{"8659 §4.2: white space around", set(r("issue", " \tletsencrypt.org \t; ")), false, true},
		{"8659 §4.2: nobody", set(r("issue", ";")), false, false},
		{"8659 §4.2: nobody, empty", set(r("issue", "")), false, false},
		{"8659 §4.2: nobody and somebody", set(r("issue", ";"), r("issue", "letsencrypt.org")), false, true},
		{"8659 §4.2: malformed issuer authorises nobody", set(r("issue", "%%%%%")), false, false},
		{"8659 §4.2: malformed parameter authorises nobody", set(r("issue", "letsencrypt.org; policy")), false, false},
		{"8659 §4.2: empty parameter in between", set(r("issue", "letsencrypt.org;; a=b")), false, false},
		{"8659 §4.2: hyphen in a parameter's tag", set(r("issue", "letsencrypt.org; a-b=c")), false, true},
		{"8659 §4.2: no hyphen at its end", set(r("issue", "letsencrypt.org; a-=c")), false, false},
		{"8659 §4.2: unknown parameters are the CA's", set(r("issue", "letsencrypt.org; foo=bar; x=")), false, true},
		{"8659 §4.2: no issue property", set(r("iodef", "mailto:a@shop.example")), false, true},
		{"8659 §4.2: issuewild does not bind other names", set(r("issuewild", ";")), false, true},
		{"8659 §4.3: issue binds wildcards", set(r("issue", "other.example")), true, false},
		{"8659 §4.3: issuewild goes before issue", set(r("issue", "letsencrypt.org"), r("issuewild", ";")), true, false},
		{"8659 §4.3: issuewild allows what issue forbids", set(r("issue", ";"), r("issuewild", "letsencrypt.org")), true, true},
		{"8659 §4.4: iodef alone does not bind wildcards", set(r("iodef", "mailto:a@shop.example")), true, true},
		{"8659 §4.5: unknown and critical", set(r("issue", "letsencrypt.org"), critical("tbs")), false, false},
		{"8659 §4.5: unknown, not critical", set(r("tbs", "x")), false, true},
		{"8659 §4.5: critical and known", set(critical("iodef")), false, true},
		{"9495 §3: issuemail is known", set(critical("issuemail")), false, true},
		{"8657 §3: our account", set(r("issue", "letsencrypt.org; accounturi=https://ca.example/acct/7")), false, true},
		{"8657 §3: another account", set(r("issue", "letsencrypt.org; accounturi=https://ca.example/acct/8")), false, false},
		{"8657 §3: twice is unsatisfiable", set(r("issue", "letsencrypt.org; accounturi=https://ca.example/acct/7; accounturi=https://ca.example/acct/7")), false, false},
		{"8657 §4: our method", set(r("issue", "letsencrypt.org; validationmethods=dns-01,http-01")), false, true},
		{"8657 §4: another method", set(r("issue", "letsencrypt.org; validationmethods=dns-01")), false, false},
		{"8657 §4: no method", set(r("issue", "letsencrypt.org; validationmethods=")), false, false},
		{"8657 §4: twice is unsatisfiable", set(r("issue", "letsencrypt.org; validationmethods=http-01; validationmethods=http-01")), false, false},
		{"8657: parameters' tags have no case", set(r("issue", "letsencrypt.org; ValidationMethods=dns-01")), false, false},
	}
	for _, c := range cases {
		t.Run(c.clause, func(t *testing.T) {
			t.Parallel()
			q := question()
			if c.wildcard {
				q.Name = "*.shop.example"
			}
			findings := Explain(platform(), q, seen(caa(c.set...)), nil)
			if allowed := len(findings) == 0; allowed != c.allowed {
				t.Errorf("allowed: %v, want %v: %+v", allowed, c.allowed, findings)
			}
		})
	}
}

// What is not yet known of the CA and the account cannot forbid, but nobody can
// issue where nobody may.
func TestCAABeforeTheCAIsKnown(t *testing.T) {
	t.Parallel()
	fresh := platform()
	fresh.CAAIdentities, fresh.AccountURI = nil, ""
	noAccount := platform()
	noAccount.AccountURI = ""
	cases := []struct {
		p     record.Platform
		value string
		want  string
	}{
		{fresh, "other.example", ""},
		{fresh, ";", "caa-forbids"},
		{fresh, "a b", "caa-forbids"},
		{noAccount, "letsencrypt.org; accounturi=https://ca.example/acct/8", ""},
	}
	for _, c := range cases {
		if got := codes(Explain(c.p, question(), seen(caa(issueBy(c.value))), nil)); got != c.want {
			t.Errorf("%q: %q, want %q", c.value, got, c.want)
		}
	}
}
