package settings

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// minimum asks for the four things nobody can guess.
func (l *loader) minimum() {
	for _, need := range []struct {
		key, add string
		have     bool
	}{
		{"repository.url", "https://git.example.com/platform/domains.git", l.out.Repository.URL != ""},
		{"acme.email", "you@example.com", l.out.ACME.Email != ""},
		{"acme.acceptTerms", "true, after reading the CA's terms of service", l.out.ACME.AcceptTerms},
		{
			"platform.target", "\"{domain}.dns.example.net\", or platform.addresses: [203.0.113.10]",
			l.out.Platform.Target != "" || len(l.out.Platform.Addresses) > 0,
		},
	} {
		if need.have || l.failed(need.key) {
			continue
		}
		where := "add "
		if l.missing {
			where = fmt.Sprintf("there is no %s; write one with ", l.src.Path)
		}
		l.fail(l.near(need.key), need.key, fmt.Sprintf("is missing: %s%s: %s", where, need.key, need.add))
	}
}

// failed reports whether the key, a group around it or the file as a whole is
// already complained about.
func (l *loader) failed(key string) bool {
	return slices.ContainsFunc(l.errs, func(e Error) bool {
		return e.Key == "" || e.Key == key || strings.HasPrefix(key, e.Key+".")
	})
}

// check holds the settings against each other.
func (l *loader) check() {
	l.minimum()
	l.statusPath()
	l.challenge()
	l.credentials()
	l.authorities()
	l.targets()
	if len(l.errs) == 0 {
		l.exposed()
		l.checkouts()
	}
}

// statusPath keeps the report apart from desired state where both share a
// branch: status/apps/NAME.yaml must never be read as apps/NAME.yaml.
func (l *loader) statusPath() {
	st, repo := &l.out.Status, l.out.Repository
	if !l.out.SameBranch() {
		if st.Path == "" {
			st.Path = "."
		}
		return
	}
	if st.Path == "" {
		st.Path = path.Join(repo.Path, "status")
	}
	within := func(inner, outer string) bool {
		return outer == "." || inner == outer || strings.HasPrefix(inner, outer+"/")
	}
	desired, report := path.Join(repo.Path, "apps"), path.Join(st.Path, "apps")
	if st.Path == repo.Path || within(st.Path, desired) || within(repo.Path, report) {
		l.fail(l.near("status.path"), "status.path", fmt.Sprintf(
			"%s overlaps with desired state (%s and %s): choose another folder, like %s",
			st.Path, path.Join(repo.Path, "apps.yaml"), desired, path.Join(repo.Path, "status")))
	}
}

func (l *loader) challenge() {
	c := l.out.Challenge
	if c.Mode == "webroot" && c.Dir == "" {
		l.fail(l.near("challenge.http01.dir"), "challenge.http01.dir", "is missing: mode webroot needs the folder that is served as /.well-known/acme-challenge/'s root")
	}
	switch d := c.DNS01; {
	case d.Provider == "" && len(d.Env) > 0:
		l.fail(l.near("challenge.dns01"), "challenge.dns01.provider", "is missing: rfc2136, exec or httpreq")
	case d.Provider == "" && c.Default == "dns-01":
		l.fail(l.near("challenge.default"), "challenge.default", "dns-01 needs challenge.dns01.provider: rfc2136, exec or httpreq")
	}
}

func (l *loader) credentials() {
	a, e := l.out.Repository.Auth, l.out.ACME.EAB
	if a.Username != "" && a.TokenFile == "" && strings.HasPrefix(l.out.Repository.URL, "http") {
		l.fail(l.near("repository.auth.tokenFile"), "repository.auth.tokenFile", "is missing: a username needs the file of its token")
	}
	if (e.KID == "") != (e.HMACFile == "") {
		l.fail(l.near("acme.eab.kid"), "acme.eab", "needs both kid and hmacFile")
	}
}

func (l *loader) targets() {
	names, dirs := map[string]bool{}, map[string]bool{}
	for i, d := range l.out.Deploy {
		key := fmt.Sprintf("deploy[%d]", i)
		p := l.seen[key]
		switch {
		case d.Name == "":
			l.fail(p, key, "needs a name, like name: edge")
		case names[d.Name]:
			l.fail(p, key+".name", fmt.Sprintf("%s is already the name of another target: choose another", d.Name))
		}
		switch {
		case d.Dir == "":
			l.fail(p, key, "needs files: {dir: …}, the folder that gets the certificates")
		case dirs[d.Dir]:
			l.fail(p, key+".files.dir", fmt.Sprintf("%s is already the folder of another target: choose another", d.Dir))
		}
		if d.Hook != nil && (len(d.Hook) == 0 || d.Hook[0] == "") {
			l.fail(p, key+".hook", "must be a command and its arguments, like [nginx, -s, reload]")
		}
		names[d.Name], dirs[d.Dir] = true, true
	}
}
