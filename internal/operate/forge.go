package operate

import (
	"net/url"
	"strings"
)

// mergeRequest is the page of a well-known forge that asks for a merge; "" for
// all others.
func mergeRequest(repository, base, branch string) string {
	host, path, ok := forgePath(repository)
	if !ok {
		return ""
	}
	switch host {
	case "github.com", "codeberg.org":
		return "https://" + host + "/" + path + "/compare/" + url.PathEscape(base) + "..." + url.PathEscape(branch)
	case "gitlab.com":
		query := url.Values{"merge_request[source_branch]": {branch}, "merge_request[target_branch]": {base}}
		return "https://" + host + "/" + path + "/-/merge_requests/new?" + query.Encode()
	}
	return ""
}

// forgePath takes https://host/path, ssh://user@host/path and user@host:path.
func forgePath(repository string) (host, path string, ok bool) {
	if !strings.Contains(repository, "://") {
		before, after, found := strings.Cut(repository, ":")
		_, host, _ = strings.Cut(before, "@")
		if host == "" {
			host = before
		}
		host, path, ok = strings.ToLower(host), after, found
	} else if u, err := url.Parse(repository); err == nil {
		host, path, ok = strings.ToLower(u.Hostname()), u.EscapedPath(), true
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	return host, path, ok && path != "" && !strings.ContainsAny(path, " \t\r\n")
}
