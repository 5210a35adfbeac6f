package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/git"
	"github.com/acmsync/acmsync/internal/status"
)

// ailing is a lab in which something gives answers that cannot be used.
type ailing struct {
	*lab.Lab
	t *testing.T
}

func newAiling(t *testing.T) *ailing {
	t.Helper()
	l, err := lab.New(lab.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if _, err := l.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	l.DNS.Set("*.test.dns.platform.example", "A 127.0.0.1")
	a := &ailing{l, t}
	// From now on the account's URL is known, which CAA records may name.
	l.Point("www.healthy.test")
	a.push("www.healthy.test")
	if said := a.command("sync"); said != "exit 0\n" {
		t.Fatal(said)
	}
	return a
}

// ails is one name with something wrong.
type ails struct {
	// name says what is wrong, seen how it looks.
	name, seen string
	// wrong makes it so for the name.
	wrong func(a *ailing, name string)
}

var noLetters = regexp.MustCompile(`[^a-z0-9]+`)

// domain is the name's own registered domain's.
func (y ails) domain() string {
	return "www." + strings.Trim(noLetters.ReplaceAllString(strings.ToLower(y.name), "-"), "-") + ".test"
}

// push makes an app of each name.
func (a *ailing) push(names ...string) {
	a.t.Helper()
	text := begun + "apps:\n"
	for _, name := range names {
		text += fmt.Sprintf("  - name: %s\n    domains: [%s]\n", appOf(name), name)
	}
	if _, err := a.Git.Push("main", map[string]*string{"apps.yaml": git.Text(text)}, "wanted"); err != nil {
		a.t.Fatal(err)
	}
}

func appOf(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "www."), ".test")
}

// command is what it says on standard error.
func (a *ailing) command(args ...string) string {
	return steady(said(append(args, "--config", a.SettingsPath()), a.Dir, "DIR", a.Git.Dir(), "REPOSITORY"))
}

// entry is what the status branch says of the name.
func (a *ailing) entry(name string) string {
	a.t.Helper()
	content, err := a.Git.Read("acm-status", "apps/"+appOf(name)+".yaml")
	if err != nil {
		a.t.Fatal(err)
	}
	app, err := status.Parse(content)
	if err != nil || len(app.Domains) != 1 {
		a.t.Fatalf("%s: %v", content, err)
	}
	d := app.Domains[0]
	if d.Reason == "" || d.Message == "" || d.Remedy == "" {
		a.t.Errorf("%s is not told what is wrong: %+v", name, d)
	}
	who := d.Attention
	if who == "" {
		who = "nobody has to act"
	}
	text := fmt.Sprintf("%s (%s): %s\nmessage: %s\nremedy: %s\n", d.Status, who, d.Reason, d.Message, d.Remedy)
	if d.Problem != nil && d.Problem.Detail != "" {
		text += "the CA: " + d.Problem.Detail + "\n"
	}
	return marked(steady(text))
}

// meet breaks every name in its own way, lets one pass tell them apart, and
// writes down what each owner reads.
func (a *ailing) meet(all []ails) []met {
	a.t.Helper()
	var names []string
	for _, y := range all {
		a.Point(y.domain())
		y.wrong(a, y.domain())
		names = append(names, y.domain())
	}
	a.push(names...)
	a.command("sync", "--timeout", "60s")
	var told []met
	for _, y := range all {
		told = append(told, met{y.name, y.domain() + ": " + y.seen + "\n" + a.entry(y.domain())})
	}
	return told
}

// changing is what differs from run to run.
var changing = []struct {
	seen *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "2026-11-24T10:00:00Z"},
	{regexp.MustCompile(`((?:[a-z0-9.-]+\.(?:test|example)|127\.0\.0\.\d+|\[::1\])):\d{4,5}\b`), "$1:PORT"},
	{regexp.MustCompile(`(acme-challenge/)[\w-]{43}`), "$1TOKEN"},
	{regexp.MustCompile(`(-account|/my-order|/certZ|/finalize-order|/authZ)/[\w-]+`), "$1/1"},
	{regexp.MustCompile(`SHA256:[\w+/]{43}`), "SHA256:FINGERPRINT"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "SHA256"},
	{regexp.MustCompile(`time=\S+ `), ""},
	{regexp.MustCompile(`this acmsync knows \d+`), "this acmsync knows 6"},
	{regexp.MustCompile(`\b\d+h\d+m\d+s behind`), "SOME TIME behind"},
}

// steady is a text without what differs from run to run.
func steady(text string) string {
	for _, c := range changing {
		text = c.seen.ReplaceAllString(text, c.as)
	}
	return text
}
