// Package docs holds the page of every reason, so that the program can show
// them without a network.
package docs

import "embed"

//go:embed reasons/*.md
var pages embed.FS

// Reason is the Markdown page of a reason's code; empty when there is none.
func Reason(code string) string {
	page, err := pages.ReadFile("reasons/" + code + ".md")
	if err != nil {
		return ""
	}
	return string(page)
}
