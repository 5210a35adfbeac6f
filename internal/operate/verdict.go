package operate

import (
	"fmt"
	"io"
	"strings"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// columns is what a verdict is wrapped for. Names, addresses and records are
// not broken: they are there to be copied.
const columns = 80

// indentation is the column of the drawings.
const indentation = 17

// maxIndent is the indentation at the end of the longest chain of aliases.
const maxIndent = 3 * 17

// The colours, as SGR codes (ECMA-48, section 8.3.117).
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	grey   = "90"
)

// WriteVerdict prints what was seen of a name, drawn, then what must be mended,
// then what it comes to.
func WriteVerdict(w io.Writer, v Verdict, color bool) error {
	out := &lines{color: color}
	title := v.Name
	if v.Unicode != "" {
		title = v.Unicode + " (" + v.Name + ")"
	}
	out.add("%s", out.paint(bold, record.Clean(title, 300)))
	out.check("dns", v.Checks.DNS, drawDNS(v.Name, v.Observation.DNS))
	out.check("caa", v.Checks.CAA, drawCAA(v.Name, v.Observation.CAA))
	out.check("txt", v.Proof, drawProof(v.Observation.Ownership))
	out.check("http", v.Checks.Challenge, drawProbe(v.Observation.Probe, !v.reached))
	for _, edge := range v.Observation.Served {
		out.check("tls", visited(record.Observation{At: v.Observation.At, Served: []record.Served{edge}}), wrapped(describeServed(v.Observation, edge)))
	}
	out.row("ca", "", wrappedAll(eyes(v)))
	for _, f := range v.Findings {
		out.finding(f)
	}
	out.conclude(v)
	_, err := io.WriteString(w, out.b.String())
	return err
}

func wrappedAll(sentences []string) []string {
	var all []string
	for _, s := range sentences {
		all = append(all, wrapped(s)...)
	}
	return all
}

// wrapped is a sentence in the column of the drawings.
func wrapped(sentence string) []string {
	return strings.Split(wrap(record.Clean(sentence, 600), columns-indentation), "\n")
}

// WriteTally prints, of several names, how many are right.
func WriteTally(w io.Writer, all []Verdict, color bool) error {
	out, bad, unseen := &lines{color: color}, 0, 0
	for _, v := range all {
		switch {
		case v.Blocked():
			bad++
		case v.Unseen():
			unseen++
		}
	}
	switch {
	case len(all) < 2:
	case bad > 0:
		out.add("\n%s %d of %d names have something to mend", out.paint(red, "✗"), bad, len(all))
	case unseen > 0:
		out.add("\n%s %d of %d names could not be looked at", out.paint(yellow, "?"), unseen, len(all))
	default:
		out.add("\n%s %d names, nothing to mend", out.paint(green, "✓"), len(all))
	}
	_, err := io.WriteString(w, out.b.String())
	return err
}

// WriteTerraform prints the fixes of a name as Terraform configuration, and
// what no record mends as comments.
func WriteTerraform(w io.Writer, v Verdict) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: ", record.Clean(v.Name, 300))
	if len(v.Findings) == 0 {
		b.WriteString("nothing to mend\n")
	}
	for i, f := range v.Findings {
		if i > 0 {
			b.WriteString("# ")
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Code, record.Clean(f.Remedy, 600))
		if f.Fix != nil {
			b.WriteString(diagnose.Terraform(*f.Fix))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type lines struct {
	b     strings.Builder
	color bool
}

func (l *lines) add(format string, args ...any) { fmt.Fprintf(&l.b, format+"\n", args...) }

func (l *lines) paint(code, s string) string {
	if !l.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

var lights = map[record.Check]string{record.Pass: green, record.Fail: red, record.Unknown: yellow, record.Skipped: grey}

// check is a light and the drawing beside it; none when it was not asked for.
func (l *lines) check(name string, c record.Check, drawing []string) {
	if c == "" {
		c = record.Unknown
	}
	l.row(name, c, drawing)
}

func (l *lines) row(name string, c record.Check, drawing []string) {
	light := fmt.Sprintf("%-8s", c)
	if code, ok := lights[c]; ok {
		light = l.paint(code, light)
	}
	for i, line := range drawing {
		if i > 0 {
			name, light = "", "        "
		}
		// Branches are indented, by no more than the longest chain is.
		branch := line[:min(len(line)-len(strings.TrimLeft(line, " ")), maxIndent)]
		l.add("  %-5s %s %s%s", name, light, branch, record.Clean(line, 600))
	}
}

func (l *lines) finding(f record.Finding) {
	mark, code := "✗", red
	if f.Warning {
		mark, code = "!", yellow
	}
	l.add("\n  %s %s (%s)", l.paint(code, mark), l.paint(bold, failure.Of(f.Code).Title), f.Code)
	l.prose("    ", f.Message)
	l.prose("    fix: ", f.Remedy)
	if f.Fix == nil {
		return
	}
	for i, step := range f.Fix.Steps {
		l.prose(fmt.Sprintf("      %d. ", i+1), step)
	}
	if f.Fix.Zone != "" {
		l.add("    as a zone file has it:")
	}
	for line := range strings.SplitSeq(f.Fix.Zone, "\n") {
		if line != "" {
			l.add("      %s", l.paint(grey, record.Clean(line, 600)))
		}
	}
}

// prose wraps a sentence; what follows its first line is set under it.
func (l *lines) prose(prefix, sentence string) {
	hang := strings.Repeat(" ", len(prefix))
	for i, line := range strings.Split(wrap(record.Clean(sentence, 600), columns-len(prefix)), "\n") {
		if i > 0 {
			prefix = hang
		}
		l.add("%s%s", prefix, line)
	}
}

// conclude is the last line: may a certificate be asked for?
func (l *lines) conclude(v Verdict) {
	blocking := 0
	for _, f := range v.Findings {
		if !f.Warning {
			blocking++
		}
	}
	switch {
	case blocking == 1:
		l.add("\n  %s one thing to mend before a CA would issue", l.paint(red, "✗"))
	case blocking > 1:
		l.add("\n  %s %d things to mend before a CA would issue, the first one first", l.paint(red, "✗"), blocking)
	case len(v.Findings) > 0:
		l.add("\n  %s nothing is sure to stop a CA: what is above only advises", l.paint(yellow, "!"))
	case v.Unseen():
		l.add("  %s nothing could be seen: no resolver gave an answer. Look at the network here,\n    or name another one with --resolver", l.paint(yellow, "?"))
	case v.Checks.Served == record.Fail:
		l.add("  %s nothing to mend: nothing seen from here speaks against a certificate.\n    Visitors get no good one yet, see tls", l.paint(green, "✓"))
	default:
		l.add("  %s nothing to mend: nothing seen from here speaks against a certificate", l.paint(green, "✓"))
	}
}
