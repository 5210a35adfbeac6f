package diagnose

import (
	"fmt"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// steps say the change in the provider's words, in the order to do it.
func (c *change) steps() []string {
	p := *c.provider
	page := strings.ReplaceAll(or(p.page, anyPage), "{zone}", or(c.zone, c.name))
	steps := []string{"At " + p.name + ", open " + page + "."}
	if p.recordSets {
		steps = append(steps, c.setSteps()...)
	} else {
		steps = append(steps, c.recordSteps()...)
	}
	steps = append(steps, c.remarks()...)
	if c.toggle != "" {
		steps = append(steps, c.toggle)
	}
	return steps
}

// recordSteps say the change where each record stands for itself.
func (c *change) recordSteps() []string {
	p, steps := *c.provider, []string(nil)
	edit, remove := c.replaced()
	for _, rr := range remove {
		steps = append(steps, "Delete the "+rr.Type+" record of "+rr.Name+" ("+rr.Value+").")
	}
	for i, rr := range c.set {
		if rr.Type == "ALIAS" {
			steps = append(steps, c.alias(rr)...)
			continue
		}
		begin := or(p.add, anyAdd)
		if i == 0 && edit != nil {
			begin = "Edit the " + edit.Type + " record of " + edit.Name + " (" + edit.Value + ")"
		}
		steps = append(steps, begin+": "+p.fields(rr, c.zone)+".")
	}
	return steps
}

// replaced is the record that the first one takes the place of by a change of
// its value alone, and those that have to be deleted.
func (c *change) replaced() (edit *record.RR, remove []record.RR) {
	for i, rr := range c.remove {
		if edit == nil && len(c.set) > 0 && rr.Type == c.set[0].Type && rr.Type != "CAA" {
			edit = &c.remove[i]
			continue
		}
		remove = append(remove, rr)
	}
	return edit, remove
}

// fields are what to type: "Type CNAME, Name www, Target shop.example.net".
func (p provider) fields(rr record.RR, origin string) string {
	name := p.label(rr.Name, origin)
	if rr.Type == "CAA" {
		return p.caaFields(name, rr.Value)
	}
	label, value := or(p.valueLabel, anyValue), rr.Value
	switch rr.Type {
	case "CNAME", "ALIAS", "ANAME":
		if label = or(p.targetLabel, label); p.dotted {
			value += "."
		}
	case "TXT":
		label = or(p.textLabel, label)
	case "A", "AAAA":
		if p.name == "Cloudflare" {
			label = map[string]string{"A": "IPv4 address", "AAAA": "IPv6 address"}[rr.Type]
		}
	}
	return fmt.Sprintf("Type %s, %s %s, %s %s", rr.Type, or(p.nameLabel, anyName), name, label, value)
}

// caaFields are those of a CAA record, of which some providers make several.
func (p provider) caaFields(name, value string) string {
	if p.caaLabels == [4]string{} {
		return fmt.Sprintf("Type CAA, %s %s, %s %s", or(p.nameLabel, anyName), name, or(p.valueLabel, anyValue), value)
	}
	return "Type CAA, " + strings.Join(append([]string{p.caaLabels[0] + " " + name}, p.caaValues(value)...), ", ")
}

// caaValues are the fields of a CAA record's value.
func (p provider) caaValues(value string) []string {
	flags, tag, issuer := splitCAA(value)
	var parts []string
	for i, word := range []string{flags, tag, issuer} {
		if label := p.caaLabels[i+1]; label != "" {
			parts = append(parts, label+" "+word)
		}
	}
	return parts
}

// alias leads an apex to a name where no address of the platform is known.
func (c *change) alias(rr record.RR) []string {
	p := *c.provider
	if p.alias == "" {
		return []string{p.name + " has no alias for the apex of a zone: ask the operator of this platform for an address, and set it as an A record."}
	}
	rr.Type = p.alias
	return []string{or(p.add, anyAdd) + ": " + p.fields(rr, c.zone) + "."}
}

// remarks are the provider's habits that matter to this change.
func (c *change) remarks() []string {
	p, said := *c.provider, []string(nil)
	say := func(remark string) {
		if remark != "" {
			said = append(said, remark)
		}
	}
	switch {
	case len(c.set) == 0:
		return nil
	case c.set[0].Type == "TXT":
		return nil
	case c.set[0].Type == "CAA":
		say(p.habits.caa)
		return said
	}
	apex := sameName(c.set[0].Name, c.zone)
	if apex && c.set[0].Type != "ALIAS" && p.alias != "" && c.target != "" {
		other := record.RR{Type: p.alias, Name: c.name, Value: c.target}
		say("Or, in place of all A and AAAA records of that name: " + p.fields(other, c.zone) + ".")
	}
	if apex {
		say(p.habits.apex)
	}
	say(p.habits.address)
	return said
}
