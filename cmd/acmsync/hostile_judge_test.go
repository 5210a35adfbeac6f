//go:build linux

package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// forged begins a line that only a text can have begun.
var forged = regexp.MustCompile(`^(FORGED|\[(skip|ci|\^)|time=2020|\{"level|::|##(\[|vso)|LD_|PATH=/x|BASH_|Signed-off|Co-auth|Config-Revision: 0000$|\$INCLUDE|provisioner)`)

// harmless judges one sink: no character that steers, no line that the text
// began, no line without an end, and what is read by machines is as it should be.
func harmless(t *testing.T, sink, content string) {
	t.Helper()
	if !utf8.ValidString(content) {
		t.Errorf("%s is not UTF-8", sink)
	}
	for i, r := range content {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Errorf("%s holds %U: …%q", sink, r, content[max(0, i-60):min(len(content), i+30)])
			break
		}
	}
	for line := range strings.SplitSeq(content, "\n") {
		if len(line) > 12_000 {
			t.Errorf("%s has a line of %d bytes: %.200s", sink, len(line), line)
		}
		if forged.MatchString(line) {
			t.Errorf("%s has a line of strangers: %q", sink, line)
		}
	}
	switch {
	case strings.HasSuffix(sink, ".yaml"), strings.HasSuffix(sink, " yaml"):
		nodes(t, sink, content)
		var doc any
		if err := yaml.Unmarshal([]byte(content), &doc); err != nil {
			t.Errorf("%s: %v", sink, err)
		}
		leaves(t, sink, doc)
	case sink == "hook environment":
		for variable := range strings.SplitSeq(content, "\n") {
			if name, _, _ := strings.Cut(variable, "="); name != "" && !slices.Contains(given, name) {
				t.Errorf("a hook gets %q", variable)
			}
		}
		if strings.Contains(content, mark) {
			t.Errorf("%s quotes strangers: %s", sink, content)
		}
	case strings.HasSuffix(sink, " json") && content != "":
		var doc any
		if err := json.Unmarshal([]byte(content), &doc); err != nil {
			t.Errorf("%s: %v", sink, err)
		}
		leaves(t, sink, doc)
	case strings.HasSuffix(sink, ".md"):
		markdownHarmless(t, sink, content)
	case sink == "commit messages" && strings.Contains(content, mark):
		t.Errorf("%s quote strangers: %s", sink, content)
	}
}

// nodes judges a YAML document by what it is made of: values alone.
func nodes(t *testing.T, sink, content string) {
	t.Helper()
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
			t.Errorf("%s has a reference or a tag on line %d: %.80q", sink, n.Line, n.Value)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(content))
	for count := 0; ; count++ {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			if count != 1 && content != "" {
				t.Errorf("%s holds %d documents: %v", sink, count, err)
			}
			return
		}
		walk(&doc)
	}
}

// given are the variables of a hook, and those that its shell adds.
var given = []string{"PATH", "HOME", "LC_ALL", "ACMSYNC_CHANGED", "ACMSYNC_CHANGED_COUNT", "PWD", "OLDPWD", "SHLVL", "_"}

// leaves judges every string of a document.
func leaves(t *testing.T, sink string, doc any) {
	t.Helper()
	switch doc := doc.(type) {
	case map[string]any:
		for key, value := range doc {
			leaves(t, sink, key)
			leaves(t, sink, value)
		}
	case []any:
		for _, value := range doc {
			leaves(t, sink, value)
		}
	case string:
		if i := strings.IndexFunc(doc, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }); i >= 0 {
			t.Errorf("%s has a value with %q in it", sink, doc[i:min(len(doc), i+4)])
		}
		if n := utf8.RuneCountInString(doc); n > 2000 {
			t.Errorf("%s has a value of %d characters: %.100s", sink, n, doc)
		}
	}
}

// escaped is what shows as itself in Markdown: escaped punctuation, entities and
// code.
var escaped = regexp.MustCompile("\\\\[!-/:-@[-`{-~]|&[a-z]+;|`[^`\n]*`")

// markdownHarmless: nothing of a payload is markup once what is escaped is gone,
// and every row of a table has the cells of its head.
func markdownHarmless(t *testing.T, sink, content string) {
	t.Helper()
	bare := escaped.ReplaceAllString(content, "\u00b7")
	for _, markup := range []string{"<script", "<img", "</t", "<!--", "](http://evil", "![", "**b**", "`c`", "~~d", "http://evil", "www.evil", "&#60", "&#x3c", "&colon", "@everyone", "@evil", "__c__", "$x$", "[^1]", "```", "<a ", "<svg", "<?xml", "<!"} {
		if i := strings.Index(bare, markup); i >= 0 {
			t.Errorf("%s takes %q for markup: …%s", sink, markup, bare[max(0, i-80):min(len(bare), i+40)])
		}
	}
	cells := 0
	for line := range strings.SplitSeq(bare, "\n") {
		n := strings.Count(line, "|")
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("%s has a row of %d cells under a head of %d: %s", sink, n, cells, line)
		}
	}
}

// wantShown keeps the test from passing because nothing was met.
func wantShown(t *testing.T, shown map[string]string) {
	t.Helper()
	for sink, least := range map[string]int{
		"apps/shop.yaml": 7, "README.md": 5, "errors.yaml": 1, "status": 4, "status (terminal)": 4, "status yaml": 7,
		"verify": 7, "verify (terminal)": 7, "verify json": 7, "sync errors": 2, "clone status": 8, "clone status yaml": 8, "clone status json": 8, "validate errors": 1, "declined push errors": 1,
	} {
		if n := strings.Count(shown[sink], mark); n < least {
			t.Errorf("%s shows the text %d times, want %d at least:\n%.3000s", sink, n, least, shown[sink])
		}
	}
}
