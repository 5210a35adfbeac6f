//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/lab/git"
)

// harmless judges every sink.
func (h *hostileWorld) harmless(t *testing.T) (shown map[string]string) {
	t.Helper()
	shown = h.sinks(t)
	for sink, content := range shown {
		harmless(t, sink, content)
	}
	return shown
}

// sinks runs every command that shows what strangers wrote, and collects all it
// prints and commits.
func (h *hostileWorld) sinks(t *testing.T) map[string]string {
	t.Helper()
	shown := map[string]string{}
	names := h.names
	h.run(shown, "sync", "sync", "-v")
	for sink, line := range map[string][]string{
		"status": {"status"}, "status yaml": {"status", "shop", "-o", "yaml"}, "status json": {"status", "-o", "json"},
		"plan": {"plan"}, "plan json": {"plan", "-o", "json"}, "certs": {"certs"}, "doctor": {"doctor"}, "validate": {"validate", h.dir},
		"explain": {"explain", h.text}, "no app": {"status", h.text}, "no command": {h.text}, "no flag": {"sync", "--" + h.text},
		"verify": append([]string{"verify"}, names...), "verify json": append([]string{"verify", "-o", "json"}, names...),
		"verify terraform": append([]string{"verify", "-o", "terraform"}, names...),
	} {
		h.run(shown, sink, line...)
	}
	h.onTerminal(t, shown, []string{"sync"}, []string{"status"}, append([]string{"verify"}, names...))
	h.branch(t, shown)
	h.clone(t, shown)
	if err := h.lab.Git.Hook("pre-receive", "cat "+h.dir+"/said >&2; exit 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lab.Git.Git("", "update-ref", "-d", "refs/heads/acm-status"); err != nil {
		t.Fatal(err)
	}
	h.run(shown, "declined push", "sync", "--fail-on", "none")
	return shown
}

func (h *hostileWorld) run(shown map[string]string, sink string, line ...string) {
	var out, errs bytes.Buffer
	runMain(append(line, "--config", h.lab.SettingsPath()), console{in: strings.NewReader(""), out: &out, err: &errs})
	shown[sink], shown[sink+" errors"] = out.String(), errs.String()
}

// onTerminal is run for somebody at a terminal.
func (h *hostileWorld) onTerminal(t *testing.T, shown map[string]string, lines ...[]string) {
	t.Helper()
	for _, line := range lines {
		master, slave, err := openTerminal()
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan string)
		go func() {
			all, _ := io.ReadAll(master) // ends with EIO when the other end is closed
			read <- string(all)
		}()
		runMain(append(line, "--config", h.lab.SettingsPath()), console{in: strings.NewReader(""), out: slave, err: slave})
		_ = slave.Close()
		shown[line[0]+" (terminal)"] = plain(<-read)
		_ = master.Close()
	}
}

// ours are the sequences that the program itself writes to terminals.
var ours = regexp.MustCompile(`\x1b\[(0|1|2|3[1-7]|90)?m|\r\x1b\[K`)

func plain(text string) string {
	return strings.ReplaceAll(ours.ReplaceAllString(text, ""), "\r\n", "\n")
}

// branch collects what is committed.
func (h *hostileWorld) branch(t *testing.T, shown map[string]string) {
	t.Helper()
	files, err := h.lab.Git.Files("acm-status")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		content, err := h.lab.Git.Read("acm-status", path)
		if err != nil {
			t.Fatal(err)
		}
		shown[path] = string(content)
	}
	if shown["commit messages"], err = h.lab.Git.Git("", "log", "--format=%B", "acm-status"); err != nil {
		t.Fatal(err)
	}
}

// clone is an owner's, of a status branch into which somebody else has written.
func (h *hostileWorld) clone(t *testing.T, shown map[string]string) {
	t.Helper()
	var theirs any
	if err := yaml.Unmarshal([]byte(shown["apps/shop.yaml"]), &theirs); err != nil {
		t.Fatal(err)
	}
	text := strings.ToValidUTF8(h.text[:min(len(h.text), 8000)], "?")
	forged, err := yaml.Marshal(replaced(theirs, text))
	if err != nil {
		t.Fatal(err)
	}
	platform, err := yaml.Marshal(map[string]any{
		"apiVersion": "acmsync/v1", "kind": "Platform", "target": text + ".{domain}", "addresses": []string{"127.0.0.1"}, "legacyTargets": []string{text},
		"directory": text, "caaIdentities": []string{text}, "accountURI": text, "thumbprint": text, "challengeMode": text, "defaultChallenge": text,
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]*string{"apps/shop.yaml": git.Text(string(forged)), "platform.yaml": git.Text(string(platform))}
	if _, err := h.lab.Git.Push("acm-status", files, text); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lab.Git.Git("", "clone", "--quiet", "--branch", "main", h.lab.Git.Dir(), dir); err != nil {
		t.Fatal(err)
	}
	for sink, line := range map[string][]string{
		"clone status": {"status"}, "clone status yaml": {"status", "-o", "yaml"}, "clone status json": {"status", "-o", "json"},
		"clone log": {"status", "shop", "--log"}, "clone domains": {"domains", "shop"}, "clone plan": {"plan", "."},
		"clone verify": append([]string{"verify", "--resolver", h.lab.DNS.Addr()}, h.names[:2]...),
	} {
		cmd := exec.Command("acmsync", line...)
		cmd.Dir = dir
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run() // 3: somebody has to act
		shown[sink], shown[sink+" errors"] = out.String(), errs.String()
	}
}

// kept are the values by which a status is known as one.
var kept = regexp.MustCompile(`^(acmsync/v1|AppStatus|shop|enabled|current|owner|operator|.*\.example|Fail.*|\d{4}-.*)$`)

// replaced is a document with text for every value that is a sentence.
func replaced(doc any, text string) any {
	switch doc := doc.(type) {
	case map[string]any:
		for key, value := range doc {
			doc[key] = replaced(value, text)
		}
	case []any:
		for i, value := range doc {
			doc[i] = replaced(value, text)
		}
	case string:
		if !kept.MatchString(doc) {
			return text
		}
	}
	return doc
}

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
		if strings.HasPrefix(line, "FORGED") || strings.HasPrefix(line, "[skip ci]") {
			t.Errorf("%s has a line of strangers: %q", sink, line)
		}
	}
	switch {
	case strings.HasSuffix(sink, ".yaml"), strings.HasSuffix(sink, " yaml"):
		var doc any
		if err := yaml.Unmarshal([]byte(content), &doc); err != nil {
			t.Errorf("%s: %v", sink, err)
		}
		leaves(t, sink, doc)
	case strings.HasSuffix(sink, " json"):
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
	bare := escaped.ReplaceAllString(content, "")
	for _, markup := range []string{"<script", "<img", "</t", "<!--", "](http://evil", "![", "**b**", "`c`", "~~d", "http://evil", "www.evil", "&#60", "@everyone"} {
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
