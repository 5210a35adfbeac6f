package operate

import (
	"fmt"
	"io"
	"strings"

	"github.com/acmsync/acmsync/docs"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// FindReason is the reason that a word names: its code in any case, with _ for
// -, its title, or the address of its page. Else the error names those whose
// code or title has the word in it.
func FindReason(word string) (failure.Reason, error) {
	plain := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(word), "_", "-"))
	plain = strings.TrimSuffix(plain[strings.LastIndexByte(plain, '/')+1:], ".md")
	var near []string
	for _, r := range failure.All() {
		title := strings.ToLower(r.Title)
		if string(r.Code) == plain || title == plain {
			return r, nil
		}
		if plain != "" && (alike(string(r.Code), plain) || strings.Contains(title, plain)) {
			near = append(near, string(r.Code))
		}
	}
	hint := "acmsync explain lists them all"
	if len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return failure.Reason{}, fmt.Errorf("there is no reason %q; %s", record.Clean(word, 64), hint)
}

// alike reports whether one of the two is a part of the other, or whether they
// share half of their words.
func alike(code, word string) bool {
	if strings.Contains(code, word) || strings.Contains(word, code) {
		return true
	}
	shared, parts := 0, strings.Split(code, "-")
	for _, part := range strings.Split(word, "-") {
		for _, own := range parts {
			if part == own {
				shared++
			}
		}
	}
	return 2*shared >= len(parts) && shared > 0
}

// WritePage prints a reason's page: as it is, or for a terminal with its
// headings set off and its code marked.
func WritePage(w io.Writer, r failure.Reason, terminal, color bool) error {
	page := docs.Reason(string(r.Code))
	if terminal {
		page = plainPage(page, color)
	}
	_, err := io.WriteString(w, page+"\nThis page on the web: "+r.Code.DocsURL()+"\n")
	return err
}

// plainPage takes the Markdown out of a page. Its pages use headings, code and
// paragraphs, and nothing else.
func plainPage(page string, color bool) string {
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var out strings.Builder
	fenced := false
	for line := range strings.SplitSeq(strings.TrimSuffix(page, "\n"), "\n") {
		heading := strings.TrimLeft(line, "#")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			continue
		case fenced:
			line = "    " + paint("36", line)
		case heading != line:
			line = paint("1", strings.TrimSpace(heading))
		default:
			line = wrap(strings.ReplaceAll(line, "`", ""), 80)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// wrap breaks a paragraph between words so that no line exceeds width columns.
func wrap(s string, width int) string {
	var out strings.Builder
	column := 0
	for _, word := range strings.Fields(s) {
		length := len([]rune(word))
		switch {
		case column > 0 && column+1+length > width:
			out.WriteByte('\n')
			column = 0
		case column > 0:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
	}
	return out.String()
}

// WriteReasons lists every reason: its code, its title and who acts.
func WriteReasons(w io.Writer) error {
	var b strings.Builder
	for _, r := range failure.All() {
		fmt.Fprintf(&b, "%-26s  %-8s  %s\n", r.Code, r.Actor, r.Title)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
