package status

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// The board is for reading; beyond these numbers nobody reads, and forges stop
// rendering.
const (
	maxBoardDomains = 200
	maxBoardApps    = 1000
	maxBoardErrors  = 50
)

// lamps is the one table of how a status looks: on the board and, as an SGR
// colour (ECMA-48, section 8.3.117), on a terminal.
var lamps = map[string]struct{ icon, colour string }{
	string(record.Failed):      {"🔴", "31"},
	string(record.Failing):     {"🟠", "33"},
	string(record.Held):        {"🟣", "35"},
	string(record.Waiting):     {"🔵", "34"},
	string(record.InProgress):  {"🔵", "34"},
	string(record.DNSVerified): {"🔵", "36"},
	string(record.CertIssued):  {"🟢", "32"},
	string(record.Manual):      {"⚪", "37"},
	string(record.Disabled):    {"⚪", "90"},
	removedStatus:              {"⚪", "90"},
}

// board is README.md, which forges show as the front page of the branch.
func board(apps []AppStatus, s Summary, errs []FileError, shard bool) []byte {
	var b bytes.Buffer
	b.WriteString("# Certificates\n\n")
	fmt.Fprintf(&b, "%s\n", headline(s))
	boardErrors(&b, errs)
	all := entries(apps)
	boardHeld(&b, s.Held, all)
	boardToDo(&b, all, shard)
	boardApps(&b, byUrgency(apps), shard)
	b.WriteString("\n<sub>Written by [acmsync](https://github.com/acmsync/acmsync). " +
		"Every app has a file below `apps/`; its history is the timeline of its certificates.</sub>\n")
	return b.Bytes()
}

// headline is the state of everything in one line.
func headline(s Summary) string {
	if s.Domains == 0 {
		return "No domains yet."
	}
	parts := []string{fmt.Sprintf("**%d of %s ready**", s.Ready, plural(s.wanted(), "domain"))}
	for _, part := range []struct {
		n    int
		text string
	}{
		{s.Act.Operator, "waiting for the operator"},
		{s.Act.Owner, "waiting for their owner"},
		{s.ByStatus.Waiting + s.ByStatus.InProgress + s.ByStatus.DNSVerified, "on their way"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	return strings.Join(parts, " · ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func boardErrors(b *bytes.Buffer, errs []FileError) {
	if len(errs) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Errors in desired state\n\nThe apps of these files stay as they were last accepted.\n\n")
	for i, e := range errs {
		if i == maxBoardErrors {
			fmt.Fprintf(b, "- and %d more, see [errors.yaml](errors.yaml)\n", len(errs)-i)
			return
		}
		fmt.Fprintf(b, "- %s %s\n", code(fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)), markdown(e.Message))
	}
}

func boardHeld(b *bytes.Buffer, held *HeldStatus, all []entry) {
	if held == nil {
		return
	}
	var names []string
	for _, e := range all {
		if e.Status == string(record.Held) {
			names = append(names, code(e.Name))
		}
	}
	fmt.Fprintf(b, "\n## Removals held\n\n%s would be lost, but %s: %s.\n\n"+
		"If this is meant, the operator runs %s; if not, revert the commit that removed them.\n",
		plural(held.Removals, "certificate"), markdown(held.Why), few(names, ", ", 20), code("acmsync approve "+held.Hash))
}

// few joins the first most of the words and counts the rest.
func few(words []string, separator string, most int) string {
	if len(words) > most {
		words = append(slices.Clone(words[:most]), fmt.Sprintf("and %d more", len(words)-most))
	}
	return strings.Join(words, separator)
}

// boardToDo lists the domains somebody has to act for.
func boardToDo(b *bytes.Buffer, all []entry, shard bool) {
	shown := 0
	for _, e := range all {
		if e.Attention == "" {
			break
		}
		if e.leaving {
			continue // told above
		}
		if shown == 0 {
			b.WriteString("\n## To do\n\n| Who | Domain | Status | What is wrong | What to change |\n|---|---|---|---|---|\n")
		}
		if shown++; shown > maxBoardDomains {
			continue
		}
		what, remedy := e.wrong()
		fmt.Fprintf(b, "| %s | %s<br>%s | %s | %s | %s |\n",
			e.Attention, code(e.Name), appLink(e.app, shard), lamp(e.Status), what, remedy)
	}
	if shown > maxBoardDomains {
		fmt.Fprintf(b, "\nand %d more, see [apps](apps)\n", shown-maxBoardDomains)
	}
}

// wrong is what a board row says of a domain, escaped.
func (e entry) wrong() (what, remedy string) {
	if r := e.Renewal; r != nil && e.Reason == "" {
		return "The certificate is valid, but: " + markdown(r.Message), markdown(r.Remedy)
	}
	title := "**" + markdown(e.Title) + "**"
	if e.Docs != "" {
		title = "[" + title + "](" + e.Docs + ")"
	}
	return title + "<br>" + markdown(e.Message), markdown(e.Remedy)
}

func boardApps(b *bytes.Buffer, apps []AppStatus, shard bool) {
	if len(apps) == 0 {
		return
	}
	b.WriteString("\n## Apps\n\n| App | Status | Ready | Domains | Valid until |\n|---|---|---|---|---|\n")
	for i, a := range apps {
		if i == maxBoardApps {
			fmt.Fprintf(b, "\nand %d more, see [apps](apps)\n", len(apps)-i)
			return
		}
		var sum Summary
		until := time.Time{}
		for _, d := range a.Domains {
			sum.count(d)
			until = sooner(until, d.Certificate)
		}
		state := lamp(a.Status)
		if a.Desired == "refused" {
			state += " (file refused)"
		}
		fmt.Fprintf(b, "| %s | %s | %d of %d | %s | %s |\n", appLink(a.App, shard), state, sum.Ready, sum.wanted(), names(a), date(until))
	}
}

// names shows the first few domains of an app.
func names(a AppStatus) string {
	var out []string
	for _, d := range a.Domains {
		name := code(d.Name)
		if d.Unicode != "" {
			name += " (" + markdown(d.Unicode) + ")"
		}
		out = append(out, name)
	}
	for _, r := range a.Removed {
		out = append(out, "~~"+code(r.Name)+"~~")
	}
	return few(out, "<br>", 3)
}

func lamp(status string) string {
	return strings.TrimSpace(lamps[status].icon + " " + markdown(status))
}

func appLink(app string, shard bool) string {
	return "[" + markdown(app) + "](" + AppPath(app, shard) + ")"
}

// sooner is the earlier end of validity; zero: no certificate so far.
func sooner(until time.Time, c *CertificateStatus) time.Time {
	if c == nil || !until.IsZero() && until.Before(c.NotAfter) {
		return until
	}
	return c.NotAfter
}

func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}
