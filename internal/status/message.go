package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// maxLines bounds a commit message's list of changes.
const maxLines = 50

// Commit is what a commit message says besides what changed.
type Commit struct {
	// Revision is the commit of desired state the status is about.
	Revision string
	// SkipCI asks the forge to start no pipeline, for status that is committed
	// to the branch of desired state.
	SkipCI bool
}

// kindOrder are the words for changes, in the order of the subject.
var kindOrder = []string{
	"issued", "renewed", "recovered", "failed", "failing", "not served", "renewal failing", "held", "removed", "revoked",
	"verified", "in progress", "waiting", "disabled", "manual", "changed",
}

// change is one line of a commit message.
type change struct{ kind, app, domain, text string }

// Message is the commit message for the step from before to after:
//
//	acmsync: 2 issued, 1 failing
//
//	shop www.shop.example: Cert Issued, valid until 2027-02-21
//	…
//
//	Config-Revision: 3f2a…
//
// It quotes nothing that strangers wrote, as forges act on what they find in
// messages (mentions, issue numbers, commands to close).
func Message(before, after []AppStatus, c Commit) string {
	changes := diff(before, after)
	var b strings.Builder
	b.WriteString("acmsync: " + subject(changes) + "\n\n")
	for i, one := range changes {
		if i == maxLines {
			fmt.Fprintf(&b, "and %d more\n", len(changes)-i)
			break
		}
		fmt.Fprintf(&b, "%s %s: %s\n", one.app, one.domain, one.text)
	}
	if len(changes) > 0 {
		b.WriteString("\n")
	}
	if c.SkipCI {
		// A paragraph of its own: git reads the last one as trailers only if
		// every line of it is one (git-interpret-trailers).
		b.WriteString("[skip ci]\n\n")
	}
	if c.Revision != "" {
		b.WriteString("Config-Revision: " + c.Revision + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// subject counts the changes by kind.
func subject(changes []change) string {
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.kind]++
	}
	var parts []string
	for _, kind := range kindOrder {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(parts) == 0 {
		return "status updated"
	}
	return strings.Join(parts, ", ")
}

func diff(before, after []AppStatus) []change {
	old, fresh := byDomain(before), byDomain(after)
	var out []change
	for name, now := range fresh {
		was, known := old[name]
		if kind, text := compare(was, known, now); kind != "" {
			out = append(out, change{kind, now.app, name, text})
		}
	}
	for name, was := range old {
		if _, still := fresh[name]; !still && was.Status != removedStatus {
			out = append(out, change{"removed", was.app, name, "removed"})
		}
	}
	slices.SortFunc(out, func(x, y change) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kindOrder, x.kind), slices.Index(kindOrder, y.kind)),
			cmp.Compare(x.app, y.app), cmp.Compare(x.domain, y.domain),
		)
	})
	return out
}

// byDomain keys by name. A name that two apps claim is told of under both.
func byDomain(apps []AppStatus) map[string]entry {
	out := map[string]entry{}
	for _, e := range entries(apps) {
		name := e.Name
		if e.Reason == string(failure.ClaimedByAnotherApp) {
			name += " (claimed)"
		}
		out[name] = e
	}
	return out
}

// compare words the step of one domain; an empty kind: nothing worth a line.
func compare(was entry, known bool, now entry) (kind, text string) {
	certified := now.Status == string(record.CertIssued) && now.Certificate != nil
	switch {
	case now.revoked && !was.revoked:
		return "revoked", "certificate revoked"
	case certified && (was.Certificate == nil || was.Certificate.SHA256 != now.Certificate.SHA256):
		kind = "issued"
		if was.Certificate != nil {
			kind = "renewed"
		}
		text = "Cert Issued, valid until " + date(now.Certificate.NotAfter)
		switch before := now.Certificate.ReplacedRevoked; {
		case before != nil:
			text += "; its CA revoked the one before it (" + before.Reason + ")"
		case now.Certificate.ReplacedEarly:
			text += "; its CA wanted the one before it replaced early"
		}
		return kind, text
	case certified && now.Certificate.Revoked != nil && (was.Certificate == nil || was.Certificate.Revoked == nil):
		return "renewal failing", "its CA revoked the certificate (" + now.Certificate.Revoked.Reason + ")"
	case certified && now.Reason != "" && was.Reason != now.Reason:
		return "not served", worded(now.DomainStatus)
	case certified && now.Renewal != nil && (was.Renewal == nil || was.Renewal.Reason != now.Renewal.Reason):
		return "renewal failing", "renewal failing, " + now.Renewal.Reason
	case certified && now.Renewal == nil && now.Reason == "" && (was.Renewal != nil || was.Reason != "" || was.Status != now.Status):
		return "recovered", "Cert Issued"
	case known && was.Status == now.Status && was.Reason == now.Reason:
		return "", ""
	}
	return kindOf(now.Status), worded(now.DomainStatus)
}

func worded(d DomainStatus) string {
	if d.Title == "" || d.Status == string(record.Held) {
		return d.Status
	}
	return d.Status + ", " + d.Title
}

func kindOf(status string) string {
	if status == string(record.DNSVerified) {
		return "verified"
	}
	kind := strings.ToLower(status)
	if slices.Contains(kindOrder, kind) {
		return kind
	}
	return "changed"
}
