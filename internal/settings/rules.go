package settings

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// repositoryURL makes a local path absolute and refuses what go-git would
// read in surprising ways ("--upload-pack=…" and "ext::…" parse as paths).
func repositoryURL(to *string) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		switch {
		case filled(s) != nil:
			return filled(s)
		case legible(s) != nil:
			return legible(s)
		case strings.HasPrefix(s, "-") || strings.Contains(s, "::"):
			return fmt.Errorf("must be https://, ssh://, user@host:path or a local path, got %q", s)
		case strings.Contains(s, "://"):
			*to = s
			return remoteURL(s)
		case scpStyle(s):
			*to = s
			return nil
		}
		*to, err = v.resolve(s)
		return err
	}
}

func scpStyle(s string) bool {
	host, _, ok := strings.Cut(s, ":")
	return ok && host != "" && !strings.Contains(host, "/")
}

func remoteURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		// The parser's own error quotes the text, which may hold a password.
		return errors.New("is not a valid URL: write it like https://git.example.com/platform/domains.git")
	}
	if _, secret := u.User.Password(); secret {
		return errors.New("must not hold a password: put it into a file and name that in repository.auth.tokenFile")
	}
	switch u.Scheme {
	case "https", "ssh":
		return nil
	case "http":
		if loopback(u.Hostname()) {
			return nil
		}
		return errors.New("http:// would send the token in the clear: use https://")
	}
	return fmt.Errorf("must be https://, ssh://, user@host:path or a local path, not %s://", u.Scheme)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

var branchName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+/@-]*$`)

// branch follows the parts of git-check-ref-format that matter for safety.
func branch(s string) error {
	if !branchName.MatchString(s) || strings.Contains(s, "..") || strings.Contains(s, "//") ||
		strings.Contains(s, "@{") || strings.HasSuffix(s, "/") || strings.HasSuffix(s, ".lock") || strings.HasSuffix(s, ".") {
		return fmt.Errorf("must be the name of a branch, like main, got %q", s)
	}
	return nil
}

// treePath is a folder within the repository.
func treePath(to *string) setter {
	return parsed(to, func(s string) (string, error) {
		clean := path.Clean(s)
		if s == "" || path.IsAbs(s) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsAny(s, "\\\x00") {
			return "", fmt.Errorf("must be a folder within the repository, like . or config/acm, got %q", s)
		}
		return clean, nil
	})
}

// authorWords refuses what would break the author line of a commit.
func authorWords(s string) error {
	if strings.ContainsAny(s, "<>\n\r\x00") {
		return fmt.Errorf("must not contain < or > or line breaks, got %q", s)
	}
	return nil
}

func directory(s string) (string, error) {
	if known, ok := directories[s]; ok {
		return known, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("must be letsencrypt, letsencrypt-staging or the URL of an ACME directory, got %q%s",
			s, didYouMean(nearest(s, []string{"letsencrypt", "letsencrypt-staging"})))
	}
	if u.Scheme != "https" {
		return "", errors.New("must be an https:// URL, like https://ca.example.com/acme/directory (RFC 8555, section 6.1)")
	}
	return s, nil
}

func mailbox(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return fmt.Errorf("must be one mail address, like ops@example.com, got %q", s)
	}
	return nil
}

func challengeMethod(to *string) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		switch s {
		case "http-01", "dns-01":
			*to = s
			return nil
		case "tls-alpn-01", "dns-persist-01":
			return fmt.Errorf("%s is not in this release; use http-01 or dns-01", s)
		}
		return fmt.Errorf("must be http-01 or dns-01, got %q", s)
	}
}

func listenAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil || port == "" {
		return fmt.Errorf("must be an address to listen on, like :80 or 127.0.0.1:8080, got %q", s)
	}
	return nil
}

var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)

// target is what a CNAME must point at, with {domain} and {app} left open.
func target(s string) (string, error) {
	t := strings.TrimSuffix(strings.ToLower(s), ".")
	sample := strings.NewReplacer("{domain}", "www.example.com", "{app}", "app").Replace(t)
	switch {
	case strings.ContainsAny(sample, "{}"):
		return "", fmt.Errorf("knows only {domain} and {app}, got %q", s)
	case !hostName.MatchString(sample) || !strings.Contains(sample, "."):
		return "", fmt.Errorf("must be a host name, like edge.example.net or {domain}.dns.example.net, got %q", s)
	}
	return t, nil
}

// ParseTarget reads what a flag says as platform.target would be read.
func ParseTarget(s string) (string, error) { return target(s) }

// ParseResolver reads what a flag says as an entry of platform.resolvers.
func ParseResolver(s string) (string, error) { return resolver(s) }

// legacyTarget is a host name, or *. and a host name.
func legacyTarget(s string) (string, error) {
	t := strings.TrimSuffix(strings.ToLower(s), ".")
	if !hostName.MatchString(strings.TrimPrefix(t, "*.")) {
		return "", fmt.Errorf("must be a host name, perhaps with *. before it, got %q", s)
	}
	return t, nil
}

func storeURL(to *Store) setter {
	return func(v value) error {
		s, err := v.scalar()
		if err != nil {
			return err
		}
		if strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://") {
			return errors.New("postgres:// is not in this release; use sqlite:///path/to/acmsync.db")
		}
		name, ok := strings.CutPrefix(s, "sqlite://")
		if !ok || name == "" || strings.ContainsAny(name, "?#%") {
			return errors.New("must be sqlite:// and a path, like sqlite:///var/lib/acmsync/acmsync.db")
		}
		name, err = v.resolve(name)
		*to = Store{URL: "sqlite://" + name}
		return err
	}
}

var targetNames = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func targetName(s string) error {
	if !targetNames.MatchString(s) {
		return fmt.Errorf("must be lower-case letters, digits and dashes, got %q", s)
	}
	return nil
}

// argument may be empty but cannot hold a NUL, which no process could receive.
func argument(s string) (string, error) {
	if strings.Contains(s, "\x00") {
		return "", errors.New("must not contain a NUL")
	}
	return s, nil
}

func didYouMean(s string) string {
	if s == "" {
		return ""
	}
	return "; did you mean " + s + "?"
}
