package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// badInput is something that the program cannot use, and the command that meets
// it.
type badInput struct {
	// name says what is wrong with it.
	name string
	// files lie in the folder that the command is run on; DIR is that folder.
	files map[string]string
	// links are names of symbolic links there, to where they lead.
	links map[string]string
	args  []string
	env   map[string]string
}

// met is one of them with what came of it, as people can read it.
type met struct{ name, text string }

// meet runs the command in this process and writes down what it was given and
// what it said.
func (b badInput) meet(t *testing.T) met {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	for _, name := range sorted(b.files) {
		b.place(t, filepath.Join(dir, name), strings.ReplaceAll(b.files[name], "DIR", dir))
		fmt.Fprintf(&text, "%s:\n%s", name, quoted(b.files[name]))
	}
	for _, name := range sorted(b.links) {
		if err := os.Symlink(b.links[name], filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s -> %s\n", name, b.links[name])
	}
	line := "$"
	for _, name := range sorted(b.env) {
		t.Setenv(name, strings.ReplaceAll(b.env[name], "DIR", dir))
		line += fmt.Sprintf(" %s=%q", name, b.env[name])
	}
	args := make([]string, len(b.args))
	line += " acmsync"
	for i, arg := range b.args {
		args[i] = strings.ReplaceAll(arg, "DIR", dir)
		line += " " + shown(arg)
	}
	return met{b.name, text.String() + line + "\n" + said(args, dir, "DIR")}
}

func (b badInput) place(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said is the exit code and standard error of a command line, each line of it
// after a mark. replace are texts that differ from run to run, with their names.
func said(args []string, replace ...string) string {
	var out, err bytes.Buffer
	code := runMain(args, console{in: strings.NewReader(""), out: &out, err: &err})
	return fmt.Sprintf("exit %d\n", code) + marked(strings.NewReplacer(replace...).Replace(err.String()))
}

// marked puts the mark before what the program said, by which
// TestBadInputsAreToldPlainly finds it.
func marked(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString("> " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return out.String()
}

// quoted is a file as the golden shows it: indented, and cut where it is long.
func quoted(content string) string {
	var out strings.Builder
	lines := strings.SplitAfter(strings.TrimSuffix(content, "\n"), "\n")
	for i, line := range lines {
		if i == 20 {
			fmt.Fprintf(&out, "    … (%d lines)\n", len(lines))
			break
		}
		out.WriteString("    " + shown(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return out.String()
}

// shown is a line that can be printed.
func shown(line string) string {
	if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) || line == "" {
		line = fmt.Sprintf("%q", line)
	}
	if cut := []rune(line); len(cut) > 160 {
		line = string(cut[:160]) + "…"
	}
	return line
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkMet holds a class of bad inputs against its golden file.
func checkMet(t *testing.T, class string, least int, all []met) {
	t.Helper()
	var text strings.Builder
	seen := map[string]bool{}
	for _, one := range all {
		if seen[one.name] {
			t.Errorf("%q stands there twice", one.name)
		}
		seen[one.name] = true
		fmt.Fprintf(&text, "## %s\n%s\n", one.name, one.text)
	}
	if len(all) < least {
		t.Errorf("%d bad inputs are few, want %d", len(all), least)
	}
	file := filepath.Join("testdata", "badinput", class+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("%s (write it anew with -update; -want +have):\n%s", file, diff)
	}
}

func meetAll(t *testing.T, rows []badInput) []met {
	t.Helper()
	all := make([]met, len(rows))
	for i, row := range rows {
		all[i] = row.meet(t)
	}
	return all
}

// foreign are phrases of libraries and of Go, which tell nobody what to do.
var foreign = regexp.MustCompile(`unmarshal|invalid memory|%!|\bEOF\b|context (deadline|canceled)|runtime error|goroutine |panic|` +
	`\bstrconv\.|(^|[^./\w-])(yaml|json|x509|tls|asn1|sql|ssh|http|net|age|pem|go-jose\S*|knownhosts): |<nil>|nil pointer|invalid character|dial (tcp|udp)|\b(read|write) (tcp|udp)|SQL logic|object not found|\btime: (invalid|missing)`)

// TestBadInputsAreToldPlainly: no line that somebody reads comes out of a
// library.
func TestBadInputsAreToldPlainly(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "badinput", "*.golden"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	rows := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if strings.HasPrefix(line, "## ") {
				rows++
			}
			if said, ok := strings.CutPrefix(line, "> "); ok && foreign.MatchString(said) {
				t.Errorf("%s: %q in: %s", file, foreign.FindString(said), said)
			}
		}
	}
	if rows < 120 {
		t.Errorf("%d bad inputs are few", rows)
	}
}
