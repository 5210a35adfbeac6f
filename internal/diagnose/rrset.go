package diagnose

import (
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// rrset is the change of the records of one name and type (RFC 2181, section
// 5), which some providers hold as one thing with several values.
type rrset struct {
	kind, name string
	// add and drop come and go, keep stays as it is.
	add, drop, keep []record.RR
}

// rrsets are the changes of a fix by name and type; what only goes is first.
func rrsets(set, remove, keep []record.RR) []rrset {
	var sets []rrset
	of := func(rr record.RR) *rrset {
		i := slices.IndexFunc(sets, func(s rrset) bool { return s.kind == rr.Type && sameName(s.name, rr.Name) })
		if i < 0 {
			sets, i = append(sets, rrset{kind: rr.Type, name: rr.Name}), len(sets)
		}
		return &sets[i]
	}
	for _, rr := range remove {
		s := of(rr)
		s.drop = append(s.drop, rr)
	}
	for _, rr := range set {
		s := of(rr)
		s.add = append(s.add, rr)
	}
	for i, s := range sets {
		sets[i].keep = keepRRs(keep, func(rr record.RR) bool { return rr.Type == s.kind && sameName(rr.Name, s.name) })
	}
	slices.SortStableFunc(sets, func(a, b rrset) int { return min(len(a.add), 1) - min(len(b.add), 1) })
	return sets
}

// exists reports whether the name has records of the type already.
func (s rrset) exists() bool { return len(s.drop) > 0 || len(s.keep) > 0 }

// values joins those of records: "192.0.2.1 and 192.0.2.2".
func values(rrs []record.RR) string {
	words := make([]string, 0, len(rrs))
	for _, rr := range rrs {
		words = append(words, rr.Value)
	}
	return strings.Join(words, " and ")
}

// staying are the records of the names and types that the change touches and
// that it leaves alone. They are not exact where one is not shown as it stands
// there, or is one too many to be named.
func (c *change) staying() (keep []record.RR, exact bool) {
	keep = keepRRs(c.standing(), func(rr record.RR) bool {
		same := func(other record.RR) bool { return other.Type == rr.Type && sameName(other.Name, rr.Name) }
		touched := slices.ContainsFunc(c.set, same) || slices.ContainsFunc(c.remove, same)
		return touched && !slices.Contains(c.set, rr) && !slices.Contains(c.remove, rr)
	})
	isCAA := func(rr record.RR) bool { return rr.Type == "CAA" }
	isText := func(rr record.RR) bool { return rr.Type == "TXT" } // may be longer than is shown, or in parts
	exact = len(keep) <= maxRemoved && !slices.ContainsFunc(keep, isText) && (!slices.ContainsFunc(keep, isCAA) || c.showsCAA())
	return keep[:min(len(keep), maxRemoved)], exact
}

// standing are the records that are at the names of the change now.
func (c *change) standing() []record.RR {
	if len(c.set) > 0 && c.set[0].Type == "TXT" {
		return keepRRs(c.textsObserved(), func(rr record.RR) bool { return rr.Type == "TXT" && !strings.HasPrefix(rr.Value, "(") })
	}
	if len(c.set) > 0 && c.set[0].Type == "CAA" || len(c.remove) > 0 && c.remove[0].Type == "CAA" {
		return c.withCAA().caaObserved()
	}
	if c.wildcardSource() != "" {
		return nil
	}
	return c.observed()
}

// showsCAA reports whether the text of the CAA records is what they hold.
func (c *change) showsCAA() bool {
	return !slices.ContainsFunc(c.withCAA().CAA.Records, func(r record.CAARecord) bool {
		return Clean(r.Value, maxPhrase) != r.Value || Clean(r.Tag, maxWord) != r.Tag || strings.ContainsAny(r.Value, `"\`)
	})
}

// setSteps say the change where the provider holds a set as one record.
func (c *change) setSteps() []string {
	p, steps := *c.provider, []string(nil)
	for _, s := range rrsets(c.set, c.remove, c.keep) {
		if s.kind == "ALIAS" {
			steps = append(steps, c.alias(s.add[0])...)
			continue
		}
		steps = append(steps, p.setStep(s, c.zone))
	}
	return steps
}

func (p provider) setStep(s rrset, origin string) string {
	record, out := "the "+s.kind+" record of "+s.name, values(s.drop)
	switch {
	case len(s.add) == 0 && len(s.keep) == 0:
		return "Delete " + record + " (" + out + ")."
	case len(s.add) == 0:
		return "Edit " + record + ": take out " + out + ", and leave the other lines."
	case len(s.keep) == 0 && len(s.drop) == 0:
		return or(p.add, anyAdd) + ": " + p.setFields(s, origin) + "."
	case len(s.keep) == 0:
		return "Edit " + record + " (" + out + "): " + p.setFields(s, origin) + "."
	case len(s.drop) == 0:
		return "Edit " + record + ": leave the lines that are there, and " + p.addLines(s) + "."
	}
	return "Edit " + record + ": take out " + out + ", leave the other lines, and " + p.addLines(s) + "."
}

// setFields are what to type for a set that is all new.
func (p provider) setFields(s rrset, origin string) string {
	if len(s.add) == 1 {
		return p.fields(s.add[0], origin)
	}
	var lines []string
	for _, rr := range s.add {
		lines = append(lines, p.line(rr))
	}
	if s.kind != "CAA" {
		lines = []string{or(p.valueLabel, anyValue) + " " + values(s.add)}
	}
	name := or(p.nameLabel, anyName) + " " + p.label(s.name, origin)
	return "Type " + s.kind + ", " + name + ", " + strings.Join(lines, " and ") + " (a line each)"
}

func (p provider) addLines(s rrset) string {
	var lines []string
	for _, rr := range s.add {
		lines = append(lines, "add a line with "+p.line(rr))
	}
	return strings.Join(lines, " and ")
}

// line is what to type for one more value of a set.
func (p provider) line(rr record.RR) string {
	if rr.Type != "CAA" || p.caaLabels == [4]string{} {
		label := or(p.valueLabel, anyValue)
		if rr.Type == "TXT" {
			label = or(p.textLabel, label)
		}
		return label + " " + rr.Value
	}
	return strings.Join(p.caaValues(rr.Value), ", ")
}
