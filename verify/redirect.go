package verify

import (
	"errors"
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

// follow is where a redirect leads, or why a CA would not go there: only 301,
// 302, 307 and 308 count, only http and https, only the two ports.
func (p ports) follow(from *url.URL, status int, location string) (*url.URL, error) {
	if status == http.StatusSeeOther {
		return nil, errors.New("a CA does not follow a redirect with status 303")
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, errors.New("the redirect's Location is not a URL")
	}
	next.Fragment, next.RawFragment = "", ""
	next.Host = strings.ToLower(next.Host)
	host := next.Hostname()
	_, notAddress := netip.ParseAddr(host)
	switch {
	case next.Scheme != "http" && next.Scheme != "https":
		return nil, fmt.Errorf("the redirect leads to the scheme %q", record.Clean(next.Scheme, maxHeader))
	case next.User != nil:
		return nil, errors.New("the redirect's Location has a user name")
	case !p.knows(next.Port()) || strings.HasSuffix(next.Host, ":"):
		return nil, fmt.Errorf("the redirect leads to port %q, and a CA dials only 80 and 443", record.Clean(next.Port(), maxHeader))
	case notAddress != nil && (len(host) > 253 || !hostname.MatchString(host)):
		// A missing slash ("https://www.shop.example.well-known/…") ends up as
		// a host that does not resolve, not here.
		return nil, fmt.Errorf("the redirect leads to %q, which is not a host name", record.Clean(host, maxHeader))
	}
	return next, nil
}

// keepsPath reports whether a Location still ends in the challenge's path; also
// of one that a CA would not follow, for another cause.
func keepsPath(from *url.URL, location, token string) bool {
	next, err := from.Parse(location)
	return err == nil && strings.HasSuffix(next.Path, record.ChallengePath+token)
}
