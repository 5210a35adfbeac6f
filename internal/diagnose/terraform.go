package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// Terraform writes a fix as Terraform configuration, for those providers whose
// resources are known, and else as comments that say the records. A resource
// that is a whole set holds what stays too, or it would delete that.
func Terraform(fix record.Fix) string {
	known, ok := resources[fix.Provider]
	w := tfWriter{fix: fix, known: known}
	if ok && known.sets {
		w.sets()
		return w.b.String()
	}
	for _, rr := range fix.Remove {
		w.comment("Remove the resource of this record: " + zoneLine(rr))
	}
	if !ok && len(fix.Set) > 0 {
		w.comment("No Terraform resource is known for " + or(fix.Provider, "the DNS provider of "+or(fix.Origin, "this zone")) + "; the records are:")
	}
	for i, rr := range fix.Set {
		if !ok || !w.block(i, false, rr) {
			w.comment(zoneLine(rr))
		}
	}
	return w.b.String()
}

type tfWriter struct {
	fix   record.Fix
	known resource
	b     strings.Builder
}

func (w *tfWriter) comment(text string) { fmt.Fprintf(&w.b, "# %s\n", text) }

// sets writes one resource for each name and type.
func (w *tfWriter) sets() {
	for _, s := range rrsets(w.fix.Set, w.fix.Remove, w.fix.Keep) {
		whole := append(append([]record.RR(nil), s.keep...), s.add...)
		for _, rr := range s.drop {
			if len(whole) == 0 {
				w.comment("Remove the resource of this record: " + zoneLine(rr))
			} else {
				w.comment("No longer in the set: " + zoneLine(rr))
			}
		}
		switch {
		case len(whole) == 0:
			continue
		case len(s.keep) > 0 && w.fix.Inexact:
			w.comment("The set of " + s.kind + " records of " + s.name + " holds more than can be written here. Add to its resource, and leave what is there:")
		case w.block(0, s.exists(), whole...):
			continue
		}
		for _, rr := range s.add {
			w.comment(zoneLine(rr))
		}
	}
}

// block writes the resource of records of one name and type, the i-th of its
// fix; it reports whether there is one.
func (w *tfWriter) block(i int, exists bool, rrs ...record.RR) bool {
	rr := rrs[0]
	if rr.Type == "ALIAS" || w.fix.Origin == "" || rr.Type == "TXT" && w.known.texts == textsUnknown {
		return false
	}
	if rr.Type == "TXT" && w.known.texts == textsQuoted {
		rrs = slices.Clone(rrs)
		for i := range rrs {
			rrs[i].Value = zoneText(rrs[i].Value)
		}
	}
	label := strings.TrimSuffix(strings.TrimSuffix(rr.Name, w.fix.Origin), ".")
	lines := w.known.body(rrs, label, w.fix.Origin)
	if lines == nil {
		return false
	}
	if exists {
		w.comment("The set exists: change its resource to this, or import it before you apply.")
	}
	kind := strings.ReplaceAll(w.known.kind, "{type}", strings.ToLower(rr.Type))
	fmt.Fprintf(&w.b, "resource %s %s {\n", quote(kind), quote(identifier(rr, i)))
	w.arguments("  ", lines)
	w.b.WriteString("}\n")
	return true
}

func (w *tfWriter) arguments(indent string, lines []argument) {
	width := 0
	for _, line := range lines {
		if line.block == nil {
			width = max(width, len(line.name))
		}
	}
	for _, line := range lines {
		switch {
		case line.block != nil:
			fmt.Fprintf(&w.b, "%s%s {\n", indent, line.name)
			w.arguments(indent+"  ", line.block)
			fmt.Fprintf(&w.b, "%s}\n", indent)
		case line.bare:
			fmt.Fprintf(&w.b, "%s%-*s = %s\n", indent, width, line.name, line.value)
		default:
			fmt.Fprintf(&w.b, "%s%-*s = %s\n", indent, width, line.name, quote(line.value))
		}
	}
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// identifier names a resource after its record.
func identifier(rr record.RR, i int) string {
	name := strings.Trim(unfit.ReplaceAllString(strings.ToLower(strings.ReplaceAll(rr.Name, "*", "wildcard")), "_"), "_")
	name = "acm_" + name + "_" + strings.ToLower(rr.Type)
	if i > 0 {
		name += fmt.Sprintf("_%d", i+1)
	}
	return name
}

// quote is a text of Terraform's language, in which nothing is interpreted.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}

func splitCAA(value string) (flags, tag, issuer string) {
	flags, rest, _ := strings.Cut(value, " ")
	tag, issuer, _ = strings.Cut(rest, " ")
	return flags, tag, strings.Trim(issuer, `"`)
}

// number is flags as a number, whatever stands there.
func number(flags string) string {
	if flags == "128" {
		return flags
	}
	return "0"
}

// apexed is a label where the apex is written @.
func apexed(label string) string { return or(label, "@") }

func dottedValue(rr record.RR) string {
	if rr.Type == "CNAME" {
		return rr.Value + "."
	}
	return rr.Value
}

// unquotedCAA is a value in which a CAA record's own is without its quotes.
func unquotedCAA(rr record.RR) string {
	if rr.Type != "CAA" {
		return rr.Value
	}
	flags, tag, value := splitCAA(rr.Value)
	return flags + " " + tag + " " + value
}
