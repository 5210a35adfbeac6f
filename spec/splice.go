package spec

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// source is a text and where its lines begin. The YAML parser says where a node
// begins, as line and column, and not where it ends: that is found here.
type source struct {
	text  []byte
	lines []int
}

// newSource counts lines as the parser does: \n, \r\n and \r end one.
func newSource(text []byte) source {
	s := source{text, []int{0}}
	for i, c := range text {
		if c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// start is the offset at which a node begins.
func (s source) start(n *yaml.Node) (int, bool) {
	if n.Line < 1 || n.Line > len(s.lines) {
		return 0, false
	}
	at := s.lines[n.Line-1]
	for range n.Column - 1 {
		if at >= len(s.text) {
			return 0, false
		}
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at, at < len(s.text)
}

// span is where a scalar stands, with its quotes. Blocks of text (| and >) have
// an end that only their indentation tells; they are not edited.
func (s source) span(n *yaml.Node) (start, end int, ok bool) {
	start, ok = s.start(n)
	if !ok || n.Kind != yaml.ScalarNode {
		return 0, 0, false
	}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, 0, false
	case n.Style&yaml.DoubleQuotedStyle != 0:
		end = s.quoted(start, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		end = s.quoted(start, '\'')
	default:
		end = s.plain(start, n.Value)
	}
	return start, end, end > start
}

// quoted is the offset after the closing quote: \" is none in double quotes,
// and ” none in single ones (YAML 1.2, sections 7.3.1 and 7.3.2).
func (s source) quoted(start int, quote byte) int {
	if s.text[start] != quote {
		return 0
	}
	for i := start + 1; i < len(s.text); i++ {
		switch {
		case s.text[i] == '\\' && quote == '"':
			i++
		case s.text[i] != quote:
		case quote == '\'' && i+1 < len(s.text) && s.text[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// plain is the offset after a plain scalar: its value, in which a line break
// with the space around it was read as one space (YAML 1.2, section 6.5).
func (s source) plain(start int, value string) int {
	at := start
	for i := 0; i < len(value); i++ {
		if value[i] == ' ' {
			if folded := s.folded(at); folded > at {
				at = folded
				continue
			}
		}
		if at >= len(s.text) || s.text[at] != value[i] {
			return 0
		}
		at++
	}
	return at
}

// folded is the offset after white space that holds a line break, or at.
func (s source) folded(at int) int {
	end := at
	for end < len(s.text) && strings.IndexByte(" \t\r\n", s.text[end]) >= 0 {
		end++
	}
	if bytes.ContainsAny(s.text[at:end], "\r\n") {
		return end
	}
	return at
}

// lineStart is where the line of an offset begins.
func (s source) lineStart(at int) int {
	for at > 0 && s.text[at-1] != '\n' && s.text[at-1] != '\r' {
		at--
	}
	return at
}

// lineEnd is where the line of an offset ends: at its line break, or at the end
// of the text; after is the offset behind the break.
func (s source) lineEnd(at int) (end, after int) {
	for at < len(s.text) && s.text[at] != '\n' && s.text[at] != '\r' {
		at++
	}
	after = min(at+1, len(s.text))
	if bytes.HasPrefix(s.text[at:], []byte("\r\n")) {
		after = at + 2
	}
	return at, after
}

// ending is the line break that the file uses.
func (s source) ending() string {
	end, after := s.lineEnd(0)
	if end == after {
		return "\n"
	}
	return string(s.text[end:after])
}

// skip is the first offset from at on whose byte is none of those.
func (s source) skip(at int, those string) int {
	for at < len(s.text) && strings.IndexByte(those, s.text[at]) >= 0 {
		at++
	}
	return at
}

// replace puts text in place of [start, end). A comment at the end of the line
// stays in its column, if it was in one with others or stood apart.
func (s source) replace(start, end int, with string) []byte {
	out := append([]byte(nil), s.text[:start]...)
	out = append(out, with...)
	hash := s.skip(end, " }],")
	gap := 0
	for hash > end+gap && s.text[hash-gap-1] == ' ' {
		gap++
	}
	if gap == 0 || hash == len(s.text) || s.text[hash] != '#' || bytes.ContainsAny(s.text[start:end], "\r\n") {
		return append(out, s.text[end:]...)
	}
	grown := utf8.RuneCountInString(with) - utf8.RuneCount(s.text[start:end])
	room := gap
	if gap > 1 || s.inColumn(hash) {
		room = max(1, gap-grown)
	}
	out = append(out, s.text[end:hash-gap]...)
	out = append(out, strings.Repeat(" ", room)...)
	return append(out, s.text[hash:]...)
}

// inColumn reports whether a comment in the line above or below begins in the
// column of the one at hash.
func (s source) inColumn(hash int) bool {
	start := s.lineStart(hash)
	column := utf8.RuneCount(s.text[start:hash])
	if start > 0 {
		above := start - 1
		if above > 0 && s.text[above] == '\n' && s.text[above-1] == '\r' {
			above--
		}
		if commentAt(s.text[s.lineStart(above):above], column) {
			return true
		}
	}
	_, below := s.lineEnd(hash)
	end, _ := s.lineEnd(below)
	return commentAt(s.text[below:end], column)
}

func commentAt(line []byte, column int) bool {
	runes := []rune(string(line))
	return column > 0 && column < len(runes) && runes[column] == '#' && runes[column-1] == ' '
}
