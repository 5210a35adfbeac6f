package status

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/acmsync/acmsync/internal/record"
)

// minWidth is what tables are made for where the terminal is narrower.
const minWidth = 60

// Table prints the status of apps, who must act and the worst first. width is
// the terminal's in columns; 0: not a terminal, so each domain gets one line
// that other programs can search. now is what ages are counted to.
func Table(w io.Writer, apps []AppStatus, now time.Time, color bool, width int) error {
	all := entries(apps)
	var b strings.Builder
	switch {
	case len(all) == 0:
		b.WriteString("No domains.\n")
	case width <= 0:
		for _, e := range all {
			b.WriteString(e.line() + "\n")
		}
	default:
		width = max(width, minWidth)
		b.WriteString(overview(all, color, width) + "\n")
		for _, e := range all {
			b.WriteString(e.details(now, color, width))
		}
		b.WriteString("\n" + totals(all, color) + "\n")
	}
	for _, a := range apps {
		if a.Error != "" {
			fmt.Fprintf(&b, "%s: refused: %s\n", a.App, a.Error)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// overview is one row a domain. Where the terminal is too narrow the last
// columns go: what they say follows in the details.
func overview(all []entry, color bool, width int) string {
	columns := []any{"App", "Domain", "Status", "Valid until", ""}
	for shown := len(columns); ; shown-- {
		t := newTable(columns[:shown]...)
		for _, e := range all {
			row := table.Row{record.Clean(e.app, maxText), e.shownName(), e.lamp(color), validUntil(e.Certificate), record.Clean(e.brief(), 60)}
			t.AppendRow(row[:shown])
		}
		rendered := t.Render()
		if shown == 3 || text.LongestLineLen(rendered) <= width {
			return rendered
		}
	}
}

// newTable has no borders: they are noise to the eye and to copying.
func newTable(columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	s := t.Style()
	s.Options = table.Options{SeparateHeader: true, SeparateColumns: false}
	s.Format.Header = text.FormatUpper
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	t.SuppressTrailingSpaces()
	t.AppendHeader(table.Row(columns))
	return t
}

func (e entry) shownName() string {
	if e.Unicode == "" {
		return record.Clean(e.Name, maxText)
	}
	return record.Clean(e.Name, maxText) + " (" + record.Clean(e.Unicode, maxText) + ")"
}

func (e entry) lamp(color bool) string {
	return paint(color, lamps[e.Status].colour, "● "+e.Status)
}

// brief is the table's last column.
func (e entry) brief() string {
	switch {
	case e.Title != "":
		return e.Title
	case e.Renewal != nil:
		return "renewal failing: " + e.Renewal.Reason
	case e.Certificate != nil && !e.Ready:
		return "not deployed everywhere yet"
	}
	return ""
}

func validUntil(c *CertificateStatus) string {
	if c == nil {
		return "–"
	}
	return date(c.NotAfter)
}

// details say what is wrong with a domain and how to mend it; empty when
// nothing is.
func (e entry) details(now time.Time, color bool, width int) string {
	message, remedy := e.Message, e.Remedy
	next := e.NextAttempt
	if e.Renewal != nil && message == "" {
		message, remedy, next = e.Renewal.Message, e.Renewal.Remedy, e.Renewal.NextAttempt
	}
	if message == "" {
		return ""
	}
	var b strings.Builder
	mark, fix := "✗", paint(color, "1", "Fix:")+" "
	if e.Attention == "" {
		mark, fix = "…", "" // nobody has to do anything
	}
	fmt.Fprintf(&b, "\n%s %s\n", paint(color, lamps[e.Status].colour, mark), paint(color, "1", record.Clean(e.Name, maxText)))
	b.WriteString(indent(message, "", width))
	b.WriteString(indent(remedy, fix, width))
	if e.Fix != nil && e.Attention != "" {
		for i, step := range e.Fix.Steps {
			b.WriteString(indent(step, fmt.Sprintf("%d. ", i+1), width))
		}
	}
	if e.Renewal != nil && message == e.Message {
		b.WriteString(indent(e.Renewal.Remedy, "Renewal: ", width))
	}
	for _, also := range e.Also {
		b.WriteString(indent(also.Remedy, "Also: ", width))
	}
	if strings.Contains(remedy, next.UTC().Format(time.RFC3339)) {
		next = time.Time{} // said already
	}
	if pace := e.pace(next, now); pace != "" {
		b.WriteString(indent(pace, "", width))
	}
	if e.Docs != "" {
		b.WriteString("  " + paint(color, "90", e.Docs) + "\n")
	}
	return b.String()
}

// indent wraps a sentence below the name it belongs to.
func indent(s, prefix string, width int) string {
	wrapped := text.WrapSoft(prefix+record.Clean(s, maxText), width-2)
	var b strings.Builder
	for line := range strings.SplitSeq(wrapped, "\n") {
		b.WriteString("  " + strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func totals(all []entry, color bool) string {
	var s Summary
	s.countAll(all)
	ready := fmt.Sprintf("%d of %s ready", s.Ready, plural(s.wanted(), "domain"))
	parts := []string{paint(color && s.Ready == s.wanted(), "32", ready)}
	if s.Act.Operator > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting for the operator", s.Act.Operator))
	}
	if s.Act.Owner > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting for their owner", s.Act.Owner))
	}
	return strings.Join(parts, " · ")
}

// line is everything about a domain in one line.
func (e entry) line() string {
	parts := []string{record.Clean(e.app, maxText), record.Clean(e.Name, maxText), e.Status}
	switch {
	case e.Message != "" && e.Attention == "":
		parts = append(parts, e.Message, e.Remedy) // nobody has to do anything
	case e.Message != "":
		parts = append(parts, e.Message, "Fix: "+e.Remedy)
	case e.Renewal != nil:
		parts = append(parts, "renewal: "+e.Renewal.Message, "Fix: "+e.Renewal.Remedy)
	case e.Certificate != nil:
		parts = append(parts, "valid until "+date(e.Certificate.NotAfter))
	}
	return strings.Join(parts, "\t")
}

// paint colours text by an SGR code (ECMA-48, section 8.3.117).
func paint(color bool, code, s string) string {
	if !color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
