package status

import (
	"regexp"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// maxText and maxDetail bound, in characters, a sentence of ours and the words
// of a CA.
const (
	maxText   = 1000
	maxDetail = 300
	// maxZone is how many lines of a zone file are shown.
	maxZone = 100
)

func cleanLine(s string) string { return record.Clean(s, maxText) }

// cleanLines is text of several lines, such as of a zone file.
func cleanLines(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if len(lines) == maxZone {
			break
		}
		lines = append(lines, cleanLine(line))
	}
	return strings.Join(lines, "\n")
}

var links = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+`)

// detail is what a CA said, fit to be published. The link in the news of a
// paused account lets anybody who has it unpause the account, so none of that
// message's links are shown, and of others no query.
func detail(p record.Problem) string {
	text := record.Clean(p.Detail, 4*maxDetail)
	paused := strings.Contains(strings.ToLower(text), "paus")
	text = links.ReplaceAllStringFunc(text, func(link string) string {
		if paused {
			return "[link withheld]"
		}
		if i := strings.IndexAny(link, "?#"); i >= 0 {
			return link[:i]
		}
		return link
	})
	return record.Clean(text, maxDetail)
}

// markup are the characters that Markdown, or the HTML within it, would take
// for markup in the middle of a table cell; and what forges make links of by
// themselves: addresses (GitHub Flavored Markdown, section 6.9) and mentions.
var markup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "|", `\|`,
	"[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`, "$", `\$`,
	"://", `\://`, "www.", `www\.`, "@", `\@`,
)

// markdown escapes text for a line or a table cell.
func markdown(s string) string { return markup.Replace(record.Clean(s, maxText)) }

// code shows a word as code, where nothing is markup but the fence itself and
// the border of a table cell.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(record.Clean(s, maxText)) + "`"
}
