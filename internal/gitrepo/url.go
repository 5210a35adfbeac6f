package gitrepo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// kind is how a repository is reached.
type kind int

const (
	kindHTTP kind = iota // http or https
	kindSSH
	kindLocal
)

// remote is a repository's address, taken apart.
type remote struct {
	kind   kind
	scheme string // http or https; else ""
	user   string // from the URL; may be empty
	host   string // without brackets
	port   int    // 0: the default of the scheme
	path   string // as the server gets it: escaped for HTTP, plain for SSH, absolute if local
}

// forms ends every refusal: what would be understood.
const forms = "repository.url takes https://host/path, ssh://user@host/path, user@host:path, or a local path"

var (
	errUnknownForm = errors.New(forms)

	helperForm = regexp.MustCompile(`^[A-Za-z0-9+.-]*::`)
	scpForm    = regexp.MustCompile(`^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9._-]+):(.+)$`)
	userForm   = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
)

// parseURL takes a repository's address apart. Git itself would run programs
// for some addresses (ext::, an --upload-pack= that is taken for an option), so
// only the forms named here pass, whatever the git library would make of the
// others.
func parseURL(raw string) (remote, error) {
	switch {
	case raw == "":
		return remote{}, fmt.Errorf("repository.url is empty: %w", errUnknownForm)
	case strings.ContainsFunc(raw, unicode.IsControl):
		return remote{}, errors.New("repository.url contains a control character")
	case strings.HasPrefix(raw, "-"):
		return remote{}, fmt.Errorf("repository.url begins with a dash: %w", errUnknownForm)
	case helperForm.MatchString(raw):
		return remote{}, fmt.Errorf("repository.url names a git remote helper, which is not allowed: %w", errUnknownForm)
	case strings.Contains(raw, "://"):
		return parseScheme(raw)
	}
	if before, _, colon := strings.Cut(raw, ":"); colon && !strings.ContainsAny(before, `/\`) && !filepath.IsAbs(raw) {
		return parseSCP(raw)
	}
	return parseLocal(raw)
}

func parseScheme(raw string) (remote, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's own message may quote a password.
		return remote{}, fmt.Errorf("repository.url cannot be read as a URL: %w", errUnknownForm)
	}
	if _, has := u.User.Password(); has {
		return remote{}, errors.New("repository.url contains a password: put it in the file that repository.auth.tokenFile names")
	}
	r := remote{scheme: strings.ToLower(u.Scheme), user: u.User.Username(), host: u.Hostname()}
	switch r.scheme {
	case "https", "http", "ssh":
	default:
		return remote{}, fmt.Errorf("repository.url begins with %q, which is not allowed: %w", r.scheme+"://", errUnknownForm)
	}
	if r.port, err = parsePort(u.Port()); err != nil {
		return remote{}, err
	}
	if err := checkHost(r.host); err != nil {
		return remote{}, err
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(raw, "#") {
		return remote{}, errors.New("repository.url must not contain ? or #")
	}
	if strings.Trim(u.Path, "/") == "" {
		return remote{}, errors.New("repository.url names a host but no repository")
	}
	if r.scheme == "ssh" {
		return parseSSH(r, u.Path)
	}
	if r.scheme == "http" && !loopback(r.host) {
		return remote{}, fmt.Errorf("repository.url is http:// to %s, which would be read and changed on its way: use https:// (http:// is for loopback only)", r.host)
	}
	r.kind, r.path = kindHTTP, u.EscapedPath()
	return r, nil
}

func parseSSH(r remote, path string) (remote, error) {
	if !userForm.MatchString(r.user) || strings.HasPrefix(r.user, "-") {
		return remote{}, errors.New("repository.url has a user name with unusual characters")
	}
	r.kind, r.scheme, r.path = kindSSH, "", path
	// Git reads /~user/repo as relative to that user's home.
	if strings.HasPrefix(path, "/~") {
		r.path = path[1:]
	}
	return r, nil
}

// parseSCP reads user@host:path. A path that begins with a dash would be an
// option to the program at the other end.
func parseSCP(raw string) (remote, error) {
	m := scpForm.FindStringSubmatch(raw)
	if m == nil {
		return remote{}, fmt.Errorf("repository.url cannot be read: %w", errUnknownForm)
	}
	r := remote{user: m[1], host: m[2]}
	if err := checkHost(r.host); err != nil {
		return remote{}, err
	}
	if strings.HasPrefix(m[3], "-") {
		return remote{}, errors.New("repository.url has a path that begins with a dash")
	}
	return parseSSH(r, m[3])
}

func parseLocal(raw string) (remote, error) {
	if strings.HasPrefix(raw, "~") {
		return remote{}, errors.New("repository.url begins with ~, which only a shell expands: write the path in full")
	}
	path, err := filepath.Abs(raw)
	if err != nil {
		return remote{}, fmt.Errorf("repository.url: %w", err)
	}
	return remote{kind: kindLocal, path: path}, nil
}

func parsePort(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("repository.url has a port that is not between 1 and 65535")
	}
	return int(port), nil
}

func checkHost(host string) error {
	switch {
	case host == "":
		return fmt.Errorf("repository.url names no host: %w", errUnknownForm)
	case strings.HasPrefix(host, "-"), strings.ContainsAny(host, " /\\%\"'"):
		return errors.New("repository.url has a host name with unusual characters")
	}
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// address is host:port to dial.
func (r remote) address(fallback int) string {
	port := r.port
	if port == 0 {
		port = fallback
	}
	return net.JoinHostPort(r.host, strconv.Itoa(port))
}

// bracketed is the host as a URL has it.
func (r remote) bracketed() string {
	if strings.Contains(r.host, ":") {
		return "[" + r.host + "]"
	}
	return r.host
}

// String is the address for people. It leaves the user out: tokens have been
// put there.
func (r remote) String() string {
	host := r.bracketed()
	if r.port != 0 {
		host += ":" + strconv.Itoa(r.port)
	}
	switch {
	case r.kind == kindLocal:
		return r.path
	case r.kind == kindSSH && r.port == 0 && !strings.HasPrefix(r.path, "/"):
		return host + ":" + r.path
	case r.kind == kindSSH:
		return "ssh://" + host + "/" + strings.TrimPrefix(r.path, "/")
	default:
		return r.scheme + "://" + host + r.path
	}
}
