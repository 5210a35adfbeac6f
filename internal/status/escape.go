package status

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/acmsync/acmsync/internal/record"
)

// maxText and maxDetail bound, in characters, a sentence of ours and the words
// of a CA.
const (
	maxText   = 1000
	maxDetail = 300
)

// escapes are terminal control sequences (ECMA-48, section 5.4), which would
// leave litter if only the escape character were removed.
var escapes = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]`)

// clean makes text one line without characters that move a cursor, hide, or
// turn text around. Most of it was cleaned where it came in; status files and
// terminals are where a gap there would do harm.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, escapes.ReplaceAllString(strings.ToValidUTF8(s, ""), ""))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		s = strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
	}
	return s
}

var links = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+`)

// detail is what a CA said, fit to be published. The link in the news of a
// paused account lets anybody who has it unpause the account, so none of that
// message's links are shown, and of others no query.
func detail(p record.Problem) string {
	text := clean(p.Detail, 4*maxDetail)
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
	return clean(text, maxDetail)
}

// markup are the characters that Markdown, or the HTML within it, would take
// for markup in the middle of a table cell.
var markup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "|", `\|`,
	"[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`, "$", `\$`,
)

// markdown escapes text for a line or a table cell.
func markdown(s string) string { return markup.Replace(clean(s, maxText)) }

// code shows a word as code, where nothing is markup but the fence itself and
// the border of a table cell.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(clean(s, maxText)) + "`"
}
