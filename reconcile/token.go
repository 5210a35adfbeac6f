package reconcile

import (
	"net/url"
	"strings"
)

// compromised starts the rekey values that acmsync rotate --compromised writes.
const compromised = "compromised-"

// joinTokens makes one value of the app's and the domain's refresh (or rekey).
// Both parts stay recognisable, so that taking one away is not taken for a new
// value of the other.
func joinTokens(app, domain string) string {
	if app == "" && domain == "" {
		return ""
	}
	return url.PathEscape(app) + "/" + url.PathEscape(domain)
}

// newToken returns the part of wanted that is not in handled yet. A part that
// went away asks for nothing.
func newToken(wanted, handled string) (value string, asked bool) {
	now, before := tokenParts(wanted), tokenParts(handled)
	for i := range now {
		if now[i] != "" && now[i] != before[i] {
			return now[i], true
		}
	}
	return "", false
}

func tokenParts(joined string) [2]string {
	app, domain, _ := strings.Cut(joined, "/")
	return [2]string{unescaped(app), unescaped(domain)}
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// keyCompromised reports whether going from one rekey value to the next says
// that the old key is known to others.
func keyCompromised(wanted, handled string) bool {
	value, asked := newToken(wanted, handled)
	return asked && strings.HasPrefix(value, compromised)
}
