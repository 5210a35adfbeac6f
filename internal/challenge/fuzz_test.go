package challenge

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/acmsync/acmsync/internal/record"
)

// FuzzRequest asks the listener for anything: only the token itself is answered.
func FuzzRequest(f *testing.F) {
	const token, answer = "abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv.thumbprint"
	for _, path := range []string{
		record.ChallengePath + token, record.ChallengePath, "/", record.ChallengePath + token + "/", "//.well-known/acme-challenge/" + token,
		record.ChallengePath + "../acme-challenge/" + token, record.ChallengePath + strings.ToUpper(token), "/.well-known/acme-challenge/%61bcdefghijklmnopqrstuv", "\x00",
	} {
		f.Add("GET", path)
		f.Add("POST", path)
	}
	l := &Listener{responses: map[string]string{token: answer}}
	f.Fuzz(func(t *testing.T, method, path string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		asked := path == record.ChallengePath+token && (method == http.MethodGet || method == http.MethodHead)
		if got := w.Body.String(); asked != (got == answer) || !asked && (w.Code != http.StatusNotFound || strings.Contains(got, "thumbprint")) {
			t.Errorf("%s %q: %d %q", method, path, w.Code, got)
		}
	})
}

// FuzzVariables gives a provider anything for its variables: its error names
// them, and never what they hold.
func FuzzVariables(f *testing.F) {
	names := []string{
		"DNSUPDATE_NAMESERVER", "DNSUPDATE_TSIG_KEY", "DNSUPDATE_TSIG_SECRET", "DNSUPDATE_TSIG_ALGORITHM", "DNSUPDATE_TTL", "DNSUPDATE_ZONES",
		"HTTPREQ_ENDPOINT", "HTTPREQ_USERNAME", "HTTPREQ_PASSWORD", "HTTPREQ_MODE", "HTTPREQ_HTTP_TIMEOUT", "EXEC_PATH", "EXEC_MODE", "ODD",
	}
	for i, value := range []string{"ns1.example.net", "%%%%%%", "hmac-md5", "-1s000000", "https://u:hunter22@x/", "http://dns.example.net", "[::1]:53", "\x00\x1b[2J", "99999999999"} {
		f.Add(uint8(i), uint8(i), value)
		f.Add(uint8(i+6), uint8(i), value)
	}
	f.Fuzz(func(t *testing.T, which, provider uint8, value string) {
		given := map[string]string{"DNSUPDATE_NAMESERVER": "ns1.example.net", names[int(which)%len(names)]: value}
		kind := ProviderNames()[int(provider)%len(ProviderNames())]
		if kind != "rfc2136" {
			given = map[string]string{"HTTPREQ_ENDPOINT": "https://dns.example.net", names[int(which)%len(names)]: value}
		}
		if kind == "exec" {
			given = map[string]string{names[int(which)%len(names)]: value}
		}
		_, err := NewProvider(kind, given)
		if err == nil {
			return
		}
		text := err.Error()
		if strings.ContainsFunc(text, unicode.IsControl) || !strings.HasPrefix(text, "challenge.dns01.") {
			t.Errorf("%q", text)
		}
		if len(value) > 16 && strings.Contains(text, value) {
			t.Errorf("%q tells %q", text, value)
		}
	})
}

// FuzzOutput keeps the end of what a program printed, on one printable line.
func FuzzOutput(f *testing.F) {
	f.Add([]byte("updated\n\x1b[31mbad\u202e\xff"), 3)
	f.Add([]byte(strings.Repeat("line\n", 2000)), 7)
	f.Fuzz(func(t *testing.T, printed []byte, step int) {
		var out tail
		for rest := printed; len(rest) > 0; {
			n := min(max(step, 1), len(rest))
			if wrote, err := out.Write(rest[:n]); wrote != n || err != nil {
				t.Fatalf("%d, %v", wrote, err)
			}
			rest = rest[n:]
		}
		if text := out.String(); len(text) > 3*maxOutput || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", text)
		}
	})
}
