package verify_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

// redirects are hosts that send elsewhere; PATH is the path that was asked for.
var redirects = map[string]struct {
	status   int
	location string
}{
	"moved301":      {301, "https://right.examplePATH"},
	"moved302":      {302, "http://right.example:80PATH"},
	"moved307":      {307, "//right.examplePATH"},
	"moved308":      {308, "https://RIGHT.example:443PATH"},
	"moved303":      {303, "http://right.examplePATH"},
	"moved-nowhere": {301, ""},
	"drops":         {301, "http://page.example/"},
	"port":          {301, "http://right.example:8080PATH"},
	"scheme":        {301, "ftp://right.examplePATH"},
	"garbage":       {301, "http://%zz/"},
	"user":          {301, "http://me:secret@right.examplePATH"},
	"loop":          {302, "http://loop2.examplePATH"},
	"loop2":         {302, "http://loop.examplePATH"},
	"to-private":    {302, "http://private.examplePATH"},
	"to-literal":    {302, "http://169.254.169.254/latest/meta-data/"},
	"to-mapped":     {302, "http://[::ffff:127.0.0.1]/"},
	"to-number":     {302, "http://2130706433/"},
	"to-wide":       {302, "http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/"},
	"to-nothing":    {302, "http://nowhere.examplePATH"},
	"to-data":       {302, "data:text/plain,TOKEN"},
	"to-script":     {302, "javascript:alert(1)"},
	"to-zone":       {302, "http://[fe80::1%25eth0]PATH"},
	"to-idn":        {302, "http://m\u00fcnchen.examplePATH"},
	"to-puny":       {302, "http://xn--mnchen-3ya.examplePATH"},
	"to-dot":        {302, "http://right.example.PATH"},
	"to-colon":      {302, "http://right.example:PATH"},
	"to-intranet":   {302, "http://localhost/admin"},
	"to-glued":      {302, "https://right.example.well-known/acme-challenge/TOKEN"},
	"to-long":       {302, "http://right.example/" + strings.Repeat("x", 2001)},
	"to-escape":     {302, "http://right.example/\x1b[31m"},
	"to-bidi":       {302, "http://page.example/\u202e"},
	"rewrites":      {302, "http://right.example/acme?t=TOKEN"},
	"https-on-80":   {302, "https://right.example:80PATH"},
}

func located(pattern string) string {
	return strings.NewReplacer("PATH", path, "TOKEN", token).Replace(pattern)
}

// moved sends the hosts of redirects where they lead, and answers the others.
func moved(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ".example")
	to, ok := redirects[host]
	if !ok {
		pages(w, r)
		return
	}
	if to.location != "" {
		w.Header().Set("Location", located(to.location))
	}
	w.WriteHeader(to.status)
}

// hop is the redirect of a host of redirects.
func hop(host string, keepsPath bool) record.Hop {
	to := redirects[host]
	return record.Hop{
		URL: "http://" + host + ".example" + path, Status: to.status, KeepsPath: keepsPath,
		KeepsToken: strings.Contains(located(to.location), token),
		Location:   record.Clean(strings.ReplaceAll(located(to.location), "me:secret@", ""), 500),
	}
}

func TestProbeRedirects(t *testing.T) {
	t.Parallel()
	names := []string{"right", "page"}
	for name := range redirects {
		names = append(names, name)
	}
	refused := func(why record.RedirectRefusal, status int, hops ...record.Hop) record.Probe {
		return record.Probe{Result: record.ProbeBadRedirect, Refusal: why, Status: status, Hops: hops}
	}
	ended := func(result record.ProbeResult, status int, hops ...record.Hop) record.Probe {
		return record.Probe{Result: result, Status: status, Hops: hops}
	}
	newSites(t, moved, names...).check(t, map[string]record.Probe{
		"moved301":      answered("https://right.example"+path, 200, record.BodyMatch, hop("moved301", true)),
		"moved302":      answered("http://right.example:80"+path, 200, record.BodyMatch, hop("moved302", true)),
		"moved307":      answered("http://right.example"+path, 200, record.BodyMatch, hop("moved307", true)),
		"moved308":      answered("https://right.example:443"+path, 200, record.BodyMatch, hop("moved308", true)),
		"moved303":      refused(record.RedirectStatus, 303, hop("moved303", true)),
		"moved-nowhere": answered("http://moved-nowhere.example"+path, 301, record.BodyOther),
		"drops":         answered("http://page.example/", 404, record.BodyHTML, hop("drops", false)),
		"port":          refused(record.RedirectPort, 301, hop("port", true)),
		"scheme":        refused(record.RedirectScheme, 301, hop("scheme", true)),
		"garbage":       refused(record.RedirectURL, 301, hop("garbage", false)),
		"user":          refused(record.RedirectUser, 301, hop("user", true)),
		"loop":          refused(record.RedirectLoop, 302, hop("loop", true), hop("loop2", true)),
		"to-private":    ended(record.ProbeForbidden, 302, hop("to-private", true)),
		"to-literal":    ended(record.ProbeForbidden, 302, hop("to-literal", false)),
		"to-mapped":     ended(record.ProbeForbidden, 302, hop("to-mapped", false)),
		"to-number":     refused(record.RedirectHost, 302, hop("to-number", false)),
		"to-wide":       refused(record.RedirectHost, 302, hop("to-wide", false)),
		"to-nothing":    ended(record.ProbeNoAddress, 302, hop("to-nothing", true)),
		"to-data":       refused(record.RedirectScheme, 302, hop("to-data", false)),
		"to-script":     refused(record.RedirectScheme, 302, hop("to-script", false)),
		"to-zone":       refused(record.RedirectHost, 302, hop("to-zone", true)),
		"to-idn":        refused(record.RedirectHost, 302, hop("to-idn", true)),
		"to-puny":       ended(record.ProbeNoAddress, 302, hop("to-puny", true)),
		"to-dot":        refused(record.RedirectHost, 302, hop("to-dot", true)),
		"to-colon":      answered("http://right.example"+path, 200, record.BodyMatch, hop("to-colon", true)),
		"to-intranet":   refused(record.RedirectHost, 302, hop("to-intranet", false)),
		"to-glued":      refused(record.RedirectSlash, 302, hop("to-glued", false)),
		"to-long":       refused(record.RedirectLong, 302, hop("to-long", false)),
		"to-escape":     {Result: record.ProbeRefused, Address: ips("127.0.0.1")[0]}, // such a header is no HTTP
		"to-bidi":       answered("http://page.example/%E2%80%AE", 404, record.BodyHTML, hop("to-bidi", false)),
		"rewrites":      answered("http://right.example/acme?t="+token, 200, record.BodyMatch, hop("rewrites", false)),
		"https-on-80":   {Result: record.ProbeTLS, Status: 302, Hops: []record.Hop{hop("https-on-80", true)}},
	})
}

// Ten redirects are followed, the eleventh is too many.
func TestProbeCountsRedirects(t *testing.T) {
	t.Parallel()
	s := newSites(t, func(w http.ResponseWriter, r *http.Request) {
		n := 0
		fmt.Sscanf(r.URL.RawQuery, "%d", &n)
		if n == 10 && r.Host == "ten.example" {
			io.WriteString(w, expect)
			return
		}
		w.Header().Set("Location", fmt.Sprintf("http://%s%s?%d", r.Host, r.URL.Path, n+1))
		w.WriteHeader(http.StatusFound)
	}, "many", "ten")
	if got := s.probe(t, "many"); got.Result != record.ProbeBadRedirect || len(got.Hops) != 11 {
		t.Errorf("endless redirects: %s after %d", got.Result, len(got.Hops))
	}
	if got := s.probe(t, "ten"); got.Result != record.ProbeAnswered || len(got.Hops) != 11 {
		t.Errorf("ten redirects: %s after %d", got.Result, len(got.Hops))
	}
}
