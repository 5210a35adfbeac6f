package verify

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// ports are the platform's stand-ins for 80 and 443; nothing else is dialled.
type ports struct {
	http, https int
}

func newPorts(q record.Question) ports {
	p := ports{http: q.ProbePort, https: q.ServedPort}
	if p.http == 0 {
		p.http = 80
	}
	if p.https == 0 {
		p.https = 443
	}
	return p
}

// of is the port to dial for a URL that follow let through.
func (p ports) of(u *url.URL) int {
	switch port := u.Port(); {
	case port == "80", port == "" && u.Scheme == "http":
		return p.http
	case port == "443", port == "":
		return p.https
	case port == strconv.Itoa(p.http):
		return p.http
	default:
		return p.https
	}
}

func (p ports) knows(port string) bool {
	switch port {
	case "", "80", "443", strconv.Itoa(p.http), strconv.Itoa(p.https):
		return true
	}
	return false
}

// hostname is what DNS can hold of a web server's name (RFC 1123, section 2.1,
// and underscores, which resolvers do not mind).
var hostname = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*$`)

// refusal is why a CA would not follow a redirect.
type refusal struct {
	why  record.RedirectRefusal
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(why record.RedirectRefusal, format string, args ...any) *refusal {
	return &refusal{why, fmt.Sprintf(format, args...)}
}

// maxPath is how long a redirect's path may be (Boulder, va/http.go: maxPathSize).
const maxPath = 2000

// follow is where a redirect leads, or why a CA would not go there: only 301,
// 302, 307 and 308 count, only http and https, only the two ports, only hosts
// that are public by their form (Boulder, va/http.go: processRedirect and
// extractRequestTarget). A Location with a user name is followed by some CAs, but
// we send nobody's credentials.
func (p ports) follow(from *url.URL, status int, location string) (*url.URL, *refusal) {
	if status == http.StatusSeeOther {
		return nil, refuse(record.RedirectStatus, "a CA does not follow a redirect with status 303")
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, refuse(record.RedirectURL, "the redirect's Location is not a URL")
	}
	next.Fragment, next.RawFragment = "", ""
	next.Host = strings.ToLower(strings.TrimSuffix(next.Host, ":"))
	switch {
	case next.Scheme != "http" && next.Scheme != "https":
		return nil, refuse(record.RedirectScheme, "the redirect leads to the scheme %q", record.Clean(next.Scheme, maxHeader))
	case next.User != nil:
		return nil, refuse(record.RedirectUser, "the redirect's Location has a user name")
	case !p.knows(next.Port()):
		return nil, refuse(record.RedirectPort, "the redirect leads to port %q, and a CA dials only 80 and 443", record.Clean(next.Port(), maxHeader))
	case len(next.Path) > maxPath:
		return nil, refuse(record.RedirectLong, "the redirect's path is longer than %d bytes", maxPath)
	}
	if refused := refusedHost(next.Hostname()); refused != nil {
		return nil, refused
	}
	return next, nil
}

// refusedHost is why a CA would not look for a host: an address must be one
// without a zone (RFC 4007), a name must have the form of a public one. A missing
// slash in a server's redirect glues the path to the host.
func refusedHost(host string) *refusal {
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && addr.Zone() == "":
		return nil
	case strings.HasSuffix(host, ".well-known"):
		return refuse(record.RedirectSlash, "the redirect lacks the slash between host and path: %q", record.Clean(host, maxHeader))
	case len(host) > 253 || !hostname.MatchString(host) || !strings.Contains(host, "."):
		return refuse(record.RedirectHost, "the redirect leads to %q, which is not a public host name", record.Clean(host, maxHeader))
	}
	return nil
}

// keeps reports whether a Location still ends in the challenge's path, and
// whether it holds the token anywhere; also of one that a CA would not follow,
// for another cause.
func keeps(from *url.URL, location, token string) (path, tok bool) {
	next, err := from.Parse(location)
	if err != nil {
		return false, strings.Contains(location, token)
	}
	return strings.HasSuffix(next.Path, record.ChallengePath+token), strings.Contains(location, token)
}
