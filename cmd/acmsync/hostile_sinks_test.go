//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	environment, err := os.ReadFile(h.environment())
	if err != nil {
		t.Fatalf("no hook was run: %v", err)
	}
	shown["hook environment"] = strings.ReplaceAll(string(environment), "\x00", "\n")
	for sink, line := range map[string][]string{
		"status": {"status"}, "status yaml": {"status", "shop", "-o", "yaml"}, "status json": {"status", "-o", "json"},
		"plan": {"plan"}, "plan json": {"plan", "-o", "json"}, "certs": {"certs"}, "doctor": {"doctor"}, "validate": {"validate", h.dir},
		"verify": append([]string{"verify"}, names...), "verify json": append([]string{"verify", "-o", "json"}, names...),
		"verify terraform": append([]string{"verify", "-o", "terraform"}, names...),
	} {
		h.run(shown, sink, line...)
	}
	for i, text := range h.texts {
		for sink, line := range map[string][]string{"explain": {"explain", text}, "no app": {"status", text}, "no command": {text}, "no flag": {"sync", "--" + text}} {
			h.run(shown, fmt.Sprintf("%s %d", sink, i), line...)
		}
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
	line = slices.Clone(line)
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
var ours = regexp.MustCompile(`\x1b\[(0|1|2|3[1-7]|90)?m`)

func plain(text string) string {
	text = strings.ReplaceAll(text, "\r\x1b[K", "\n")
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
	turn := 0
	next := func() string {
		text := h.texts[turn%len(h.texts)]
		turn++
		return strings.ToValidUTF8(text[:min(len(text), 8000)], "?")
	}
	forged, err := yaml.Marshal(replaced(theirs, next))
	if err != nil {
		t.Fatal(err)
	}
	platform, err := yaml.Marshal(map[string]any{
		"apiVersion": "acmsync/v1", "kind": "Platform", "target": next() + ".{domain}", "addresses": []string{"127.0.0.1"}, "legacyTargets": []string{next()},
		"directory": next(), "caaIdentities": []string{next()}, "accountURI": next(), "thumbprint": next(), "challengeMode": next(), "defaultChallenge": next(),
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]*string{"apps/shop.yaml": git.Text(string(forged)), "platform.yaml": git.Text(string(platform))}
	if _, err := h.lab.Git.Push("acm-status", files, strings.ReplaceAll(h.said(), "\x00", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.lab.Git.Git("", "clone", "--quiet", "--branch", "main", h.lab.Git.Dir(), dir); err != nil {
		t.Fatal(err)
	}
	for sink, line := range map[string][]string{
		"clone status": {"status"}, "clone status yaml": {"status", "-o", "yaml"}, "clone status json": {"status", "-o", "json"},
		"clone log": {"status", "shop", "--log"}, "clone domains": {"domains", "shop"}, "clone zone": {"domains", "shop", "-o", "zone"}, "clone domains json": {"domains", "shop", "-o", "json"}, "clone plan": {"plan", "."},
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

// replaced is a document with a text for every value that is a sentence.
func replaced(doc any, text func() string) any {
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
			return text()
		}
	}
	return doc
}
