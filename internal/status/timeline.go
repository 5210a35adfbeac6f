package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Past is an app's document as it stood from a time on; nil: there was none.
type Past struct {
	At  time.Time
	App *AppStatus
}

// Event is a change of one domain.
type Event struct {
	At     time.Time
	Domain string
	// From and To are its statuses; From is empty for a domain that came, To
	// for one that left.
	From, To string
	// Title is what was wrong from then on; empty: nothing.
	Title string
}

// Timeline is what became of an app's domains, oldest first. A domain that was
// there in the first document begins with it.
func Timeline(past []Past) []Event {
	var events []Event
	var before *AppStatus
	for _, p := range past {
		for _, e := range Changes(before, p.App) {
			e.At = p.At
			events = append(events, e)
		}
		before = p.App
	}
	return events
}

// Changes are those from one document of an app to the next, by domain; nil is
// no document.
func Changes(earlier, later *AppStatus) []Event {
	before, now := byName(earlier), byName(later)
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	var events []Event
	for name := range names {
		was, is := before[name], now[name]
		if was.Status != is.Status || was.trouble() != is.trouble() {
			events = append(events, Event{Domain: name, From: was.Status, To: is.Status, Title: is.trouble()})
		}
	}
	slices.SortFunc(events, func(a, b Event) int { return strings.Compare(a.Domain, b.Domain) })
	return events
}

func byName(a *AppStatus) map[string]DomainStatus {
	domains := map[string]DomainStatus{}
	if a != nil {
		for _, d := range a.Domains {
			domains[d.Name] = d
		}
	}
	return domains
}

// trouble is what is wrong with a domain, in a few words.
func (d DomainStatus) trouble() string {
	if d.Title == "" && d.Renewal != nil {
		return "renewal failing: " + d.Renewal.Reason
	}
	return d.Title
}

// WriteTimeline prints one line an event.
func WriteTimeline(w io.Writer, events []Event, color bool) error {
	if len(events) == 0 {
		_, err := io.WriteString(w, "No history.\n")
		return err
	}
	var b strings.Builder
	for _, e := range events {
		to := paint(color, lamps[e.To].colour, record.Clean(e.To, maxText))
		switch {
		case e.To == "":
			to = "left"
		case e.From != "" && e.From != e.To:
			to = record.Clean(e.From, maxText) + " → " + to
		}
		fmt.Fprintf(&b, "%s  %s  %s", e.At.UTC().Format("2006-01-02 15:04"), record.Clean(e.Domain, maxText), to)
		if e.Title != "" {
			b.WriteString(": " + record.Clean(e.Title, maxText))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
