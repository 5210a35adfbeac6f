package operate

import "testing"

func TestMergeRequest(t *testing.T) {
	t.Parallel()
	for repository, want := range map[string]string{
		"https://github.com/acme/domains.git":         "https://github.com/acme/domains/compare/main...off%2Fshop",
		"git@github.com:acme/domains.git":             "https://github.com/acme/domains/compare/main...off%2Fshop",
		"ssh://git@gitlab.com/acme/group/domains.git": "https://gitlab.com/acme/group/domains/-/merge_requests/new?merge_request%5Bsource_branch%5D=off%2Fshop&merge_request%5Btarget_branch%5D=main",
		"https://git.example.com/acme/domains.git":    "",
		"/srv/git/domains.git":                        "",
		"https://github.com/":                         "",
		"git@github.com:a b":                          "",
	} {
		if got := mergeRequest(repository, "main", "off/shop"); got != want {
			t.Errorf("%s: %q", repository, got)
		}
	}
}
