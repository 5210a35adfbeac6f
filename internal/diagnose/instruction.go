package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// instruction says what to do at the DNS provider until the expected records
// stand at the name, in the order in which providers accept it: nothing can
// stand beside a CNAME (RFC 1034, section 3.6.2), so other records go first.
func (f facts) instruction() string {
	at := keepRRs(f.observed(), func(rr record.RR) bool { return sameName(rr.Name, f.name) })
	expected := f.expected()
	missing := keepRRs(expected, func(rr record.RR) bool { return !slices.Contains(at, rr) })
	goes := keepRRs(at, func(rr record.RR) bool { return inTheWay(rr, at, expected) })
	set := "set " + f.expectedText()
	switch {
	case len(expected) == 0 || len(goes) == 0:
		return upperFirst(set)
	case len(missing) == 0:
		return "Remove " + sayThem(goes)
	case f.wildcardSource() != "":
		return fmt.Sprintf("%s (what answers now seems to come of %s, which may stay; a record of %s itself has to go first)", upperFirst(set), f.wildcardSource(), f.name)
	}
	return "Remove " + sayThem(goes) + ", then " + set
}

// wildcardSource is a wildcard that the name's records may come of; empty: they
// are its own.
func (f facts) wildcardSource() string {
	if f.DNS == nil {
		return ""
	}
	return Clean(f.DNS.Wildcard, maxName)
}

// inTheWay: setting the expected records does not replace rr.
func inTheWay(rr record.RR, at, expected []record.RR) bool {
	if slices.Contains(expected, rr) {
		return false
	}
	same := keepRRs(expected, func(e record.RR) bool { return e.Type == rr.Type })
	kept := slices.ContainsFunc(same, func(e record.RR) bool { return slices.Contains(at, e) })
	return len(expected) > 0 && (len(same) == 0 || kept)
}

// maxNamed is how many records a sentence names one by one.
const maxNamed = 4

// sayThem words records that are to go: "A x 192.0.2.1 and A x 192.0.2.2".
func sayThem(rrs []record.RR) string {
	if len(rrs) > maxNamed {
		return fmt.Sprintf("the %d records of types A and AAAA at %s", len(rrs), rrs[0].Name)
	}
	parts := make([]string, 0, len(rrs))
	for _, rr := range rrs {
		parts = append(parts, rr.Type+" "+rr.Name+" "+rr.Value)
	}
	return strings.Join(parts, " and ")
}

// alone is the instruction for a name that has records, though no address: they
// are unknown, and a CNAME bears none beside it.
func (f facts) alone() string {
	text := f.instruction()
	if rrs := f.expected(); len(rrs) == 1 && rrs[0].Type == "CNAME" {
		return fmt.Sprintf("%s; if the DNS provider refuses that, delete the other records (TXT, MX or the like) named exactly %s first; those of other names stay untouched.", text, f.name)
	}
	return text
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
