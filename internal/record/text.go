package record

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escapes are terminal control sequences (ECMA-48, sections 5.4 and 5.6): what
// a removed ESC would leave behind as litter.
var escapes = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}]*(?:\x07|\x1b\\|\x{9c})?|\x1b[ -~]`)

// Clean makes text of strangers fit to be shown on one line: terminal escapes,
// control characters, bidirectional and other invisible characters and invalid
// UTF-8 are gone, white space is single spaces, and what exceeds max characters
// is cut and ends in an ellipsis. Escaping for a sink (Markdown, HTML, YAML) is
// the sink's work.
func Clean(s string, max int) string {
	s = bounded(s, max)
	s = escapes.ReplaceAllString(strings.ToValidUTF8(s, ""), "")
	s = strings.Join(strings.Fields(strings.Map(visible, s)), " ")
	return cut(s, max)
}

// bounded limits the work on huge input; four times max leaves room for what is
// removed, and what is beyond would be cut anyway or is mostly litter.
func bounded(s string, max int) string {
	if limit := 4 * utf8.UTFMax * max; max > 0 && len(s) > limit {
		return s[:limit]
	}
	return s
}

func visible(r rune) rune {
	switch {
	case r == utf8.RuneError:
		return -1
	case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
		return ' '
	case unicode.IsPrint(r):
		return r
	default:
		return -1
	}
}

func cut(s string, max int) string {
	if max <= 0 {
		return ""
	}
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:max-1])) + "…"
}
