package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxRefine is the largest file whose syntax errors are placed by reading
// prefixes of it again, which costs the logarithm of its lines in parses.
const maxRefine = 128 << 10

// document turns bytes into the tree of the file's one YAML document. It is
// nil when the file cannot be read at all; the reason is then recorded.
func (r *reading) document(text []byte, maxBytes int) *yaml.Node {
	if len(text) > maxBytes {
		r.failAt(1, 1, "the file is larger than %d bytes, and no more are read: split it into apps/*.yaml", maxBytes)
		return nil
	}
	if !r.readable(text) {
		return nil
	}
	first, second, err := decode(text)
	switch {
	case err != nil:
		r.syntax(text, err)
		return nil
	case second != nil:
		r.fail(second, `a second YAML document begins here: move it into a file of its own in apps/, or take the line "---" away`)
		return nil
	case first == nil || len(first.Content) == 0 || first.Content[0].Tag == "!!null":
		r.failAt(1, 1, "the file is empty: %s, and list its apps", versionField.hint)
		return nil
	}
	return first.Content[0]
}

// decode reads up to two documents of the text. The parser reports by panic in
// places, so any panic is an error here: nobody's file may stop the rest.
func decode(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML parser gave up: %v", p)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	var nodes [2]yaml.Node
	switch err := d.Decode(&nodes[0]); {
	case errors.Is(err, io.EOF):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	switch err := d.Decode(&nodes[1]); {
	case errors.Is(err, io.EOF):
		return &nodes[0], nil, nil
	case err != nil:
		return nil, nil, err
	}
	return &nodes[0], &nodes[1], nil
}

// readable checks the bytes before any YAML is parsed. Directives go here, not
// only because nothing needs them: a file full of %TAG lines costs the parser
// quadratic time (8 s for 1 MiB).
func (r *reading) readable(text []byte) bool {
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		r.failAt(1, 1, "the file begins with a UTF-8 byte order mark: save it without")
		return false
	}
	if len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
		r.failAt(1, 1, "the file is UTF-16: save it as UTF-8")
		return false
	}
	for _, other := range others {
		if begins(text, other.begin) {
			r.failAt(1, 1, "%s", other.is)
			return false
		}
	}
	line, column := 1, 0
	for rest := text; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		column++
		if fault := badRune(c, size, column); fault != "" {
			r.failAt(line, column, "%s", fault)
			return false
		}
		if c == '\n' {
			line, column = line+1, 0
		}
		rest = rest[size:]
	}
	return true
}

// others are what is committed in the place of desired state by mistake.
var others = []struct{ begin, is string }{
	{"version https://git-lfs.github.com/spec/", "this is a pointer of git-lfs, not the file itself: take its pattern out of .gitattributes and commit it again"},
	{"<!doctype html", "this is a web page, not desired state: save the file itself, not the page that shows it"},
	{"<html", "this is a web page, not desired state: save the file itself, not the page that shows it"},
}

func begins(text []byte, with string) bool {
	return len(text) >= len(with) && strings.EqualFold(string(text[:len(with)]), with)
}

// badRune says what is wrong with a character that no file may hold.
func badRune(c rune, size, column int) string {
	switch {
	case c == utf8.RuneError && size == 1:
		return "this byte is not UTF-8: save the file as UTF-8"
	case c < ' ' && c != '\t' && c != '\n' && c != '\r', c >= 0x7f && c <= 0x9f:
		return fmt.Sprintf("the control character %U is not allowed in a file: delete it", c)
	case c == '\u2028', c == '\u2029':
		// Line breaks to YAML 1.1 and not to editors: line numbers would lie.
		return fmt.Sprintf("the line separator %U is not allowed in a file: delete it", c)
	case c == '%' && column == 1:
		return "YAML directives (lines that begin with %) are not allowed: delete the line"
	}
	return ""
}

var lineOf = regexp.MustCompile(`^line (\d+): `)

// advice says in our words what the YAML parser means, where its own words need
// knowledge of its insides.
var advice = map[string]string{
	"found unexpected end of stream":                        "a quote that opens here is never closed",
	"found character that cannot start any token":           "a value may not begin with this character: put it in quotes",
	"mapping values are not allowed in this context":        `a ": " where none fits: look at the indentation, or put the value in quotes`,
	"did not find expected key":                             "no field name where one must be: look at the indentation",
	"did not find expected '-' indicator":                   `no "- " where a list goes on: look at the indentation`,
	"did not find expected alphabetic or numeric character": `a name that begins with an asterisk must be in quotes, as in "*.shop.example"`,
	"did not find expected <document start>":                "text after the end of the document",
	"could not find expected ':'":                           `no ": " where one must be`,
	"did not find expected ',' or ']'":                      `a list that opens with "[" goes on without a comma, or never closes with "]"`,
	"did not find expected ',' or '}'":                      `what opens with "{" goes on without a comma, or never closes with "}"`,
	"did not find expected node content":                    `no value where one must be: look for a "[", a "{" or a comma too many`,
	"found unknown escape character":                        "a backslash in double quotes that means nothing: use single quotes",
	"found a tab character that violates indentation":       "indent with spaces, not tabs",
}

// explain is the message for an error of the YAML parser in a line.
func explain(message, line string) string {
	text := strings.TrimLeft(line, " \t")
	switch {
	case strings.HasPrefix(line, "<<<<<<< "), strings.HasPrefix(line, "======="), strings.HasPrefix(line, ">>>>>>> "):
		return "a merge conflict was left here: settle it, and delete the lines that begin with <<<<<<<, ======= and >>>>>>>"
	case strings.Contains(line[:len(line)-len(text)], "\t"):
		return "not valid YAML: indent with spaces, not tabs"
	case advice[message] != "":
		return "not valid YAML: " + advice[message]
	}
	return "not valid YAML: " + quoteless(message)
}

// syntax records an error of the YAML parser. Its line is that of the construct
// it was in, or missing, so the place is looked for: it is the last line of the
// shortest beginning of the file that fails in the same way.
func (r *reading) syntax(source []byte, err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := lineOf.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	lines := bytes.SplitAfter(source, []byte("\n"))
	if len(source) <= maxRefine {
		line = refine(source, lines, message)
	}
	line = min(max(line, 1), len(lines))
	content := string(lines[line-1])
	indent := len(content) - len(strings.TrimLeft(content, " \t"))
	r.failAt(line, indent+1, "%s", explain(message, content))
}

// refine is the number of the first line up to which text fails with message.
func refine(source []byte, lines [][]byte, message string) int {
	ends := make([]int, len(lines))
	end := 0
	for i, line := range lines {
		end += len(line)
		ends[i] = end
	}
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		_, _, err := decode(source[:ends[i]])
		return err != nil && strings.HasSuffix(err.Error(), message)
	})
}

// quoteless keeps a foreign message to one printable line of bounded length.
func quoteless(s string) string {
	quoted := strconv.Quote(s)
	return cut(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), 200)
}

// cut shortens s to about n bytes, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// quote shows a value from a file: in quotes, escaped, of bounded length.
func quote(s string) string { return strconv.Quote(cut(s, 80)) }
