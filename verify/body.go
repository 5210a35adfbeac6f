package verify

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"github.com/acmsync/acmsync/internal/record"
)

// thumbprint is a SHA-256 JWK thumbprint (RFC 8555, section 8.1).
var thumbprint = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// classifyBody says what a body is, without keeping it. White space at the end
// does not count (RFC 8555, section 8.3).
func classifyBody(got answer, token, expect string) record.ProbeBody {
	text := string(bytes.TrimRightFunc(got.body, unicode.IsSpace))
	whole := len(got.body) <= maxBody && got.status == http.StatusOK
	rest, ours := strings.CutPrefix(text, token+".")
	switch {
	case whole && expect != "" && text == expect:
		return record.BodyMatch
	case whole && ours && thumbprint.MatchString(rest):
		return record.BodyThumbprint
	case isHTML(got):
		return record.BodyHTML
	}
	return record.BodyOther
}

// classify notes what the last answer was.
func (p *prober) classify(got answer) {
	p.seen.Body = classifyBody(got, p.token, p.expect)
	switch p.seen.Body {
	case record.BodyThumbprint:
		text := string(bytes.TrimRightFunc(got.body, unicode.IsSpace))
		p.seen.Thumbprint = strings.TrimPrefix(text, p.token+".")
	case record.BodyHTML:
		p.seen.Parked = parked.Match(got.body)
	}
}

// parked are words in the beginnings of pages for names that nobody uses yet.
var parked = regexp.MustCompile(`(?i)\bpark(ed|ing)\b|sedoparking|parkingcrew|\bbodis\b|hugedomains|dan\.com|["']/lander|domain (name )?(is|may be) for sale`)

func isHTML(got answer) bool {
	return strings.HasPrefix(strings.ToLower(got.contentType), "text/html") ||
		strings.HasPrefix(http.DetectContentType(got.body), "text/html")
}
