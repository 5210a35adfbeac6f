package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// resource is a record as one Terraform provider writes it: the type of the
// resource and its arguments, for a record rr of a zone, name within which it
// is label.
type resource struct {
	kind string
	body func(rr record.RR, label, origin string) []argument
}

// argument is a line of a block; a bare value is an expression and not a text.
type argument struct {
	name, value string
	bare        bool
}

// resources are by the name of the DNS provider. Where the zone's identifier is
// not its name, it comes from a variable.
var resources = map[string]resource{
	// https://registry.terraform.io/providers/cloudflare/cloudflare/latest/docs/resources/dns_record
	"Cloudflare": {"cloudflare_dns_record", func(rr record.RR, _, _ string) []argument {
		lines := []argument{{"zone_id", "var.cloudflare_zone_id", true}, {"name", rr.Name, false}, {"type", rr.Type, false}}
		if rr.Type == "CAA" {
			flags, tag, value := splitCAA(rr.Value)
			return append(lines, argument{"data", fmt.Sprintf("{ flags = %s, tag = %s, value = %s }", number(flags), quote(tag), quote(value)), true}, argument{"ttl", "1", true})
		}
		return append(lines, argument{"content", rr.Value, false}, argument{"ttl", "1", true}, argument{"proxied", "false", true})
	}},
	// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_record
	"Amazon Route 53": {"aws_route53_record", func(rr record.RR, _, _ string) []argument {
		return []argument{
			{"zone_id", "var.route53_zone_id", true},
			{"name", rr.Name, false},
			{"type", rr.Type, false},
			{"ttl", "300", true},
			{"records", "[" + quote(rr.Value) + "]", true},
		}
	}},
	// https://registry.terraform.io/providers/ovh/ovh/latest/docs/resources/domain_zone_record
	"OVHcloud": {"ovh_domain_zone_record", func(rr record.RR, label, origin string) []argument {
		return []argument{{"zone", origin, false}, {"subdomain", label, false}, {"fieldtype", rr.Type, false}, {"target", dottedValue(rr), false}}
	}},
	// https://registry.terraform.io/providers/vercel/vercel/latest/docs/resources/dns_record
	"Vercel": {"vercel_dns_record", func(rr record.RR, label, origin string) []argument {
		return []argument{{"domain", origin, false}, {"name", label, false}, {"type", rr.Type, false}, {"value", dottedValue(rr), false}}
	}},
	// https://help.aliyun.com/zh/terraform/ (alicloud_alidns_record)
	"Alibaba Cloud DNS": {"alicloud_alidns_record", func(rr record.RR, label, origin string) []argument {
		return []argument{{"domain_name", origin, false}, {"rr", apexed(label), false}, {"type", rr.Type, false}, {"value", rr.Value, false}}
	}},
	// https://techdocs.akamai.com/terraform/docs/dns-record
	"Akamai Edge DNS": {"akamai_dns_record", func(rr record.RR, _, origin string) []argument {
		return []argument{{"zone", origin, false}, {"name", rr.Name, false}, {"recordtype", rr.Type, false}, {"ttl", "300", true}, {"target", "[" + quote(rr.Value) + "]", true}}
	}},
}

// Terraform writes a fix as Terraform configuration, for those providers whose
// resources are known, and else as comments that say the records.
func Terraform(fix record.Fix) string {
	known, ok := resources[fix.Provider]
	var b strings.Builder
	for _, rr := range fix.Remove {
		fmt.Fprintf(&b, "# Remove the resource of this record: %s\n", zoneLine(rr))
	}
	if !ok && len(fix.Set) > 0 {
		fmt.Fprintf(&b, "# No Terraform resource is known for %s; the records are:\n", or(fix.Provider, "the DNS provider of "+or(fix.Origin, "this zone")))
	}
	for i, rr := range fix.Set {
		if !ok || rr.Type == "ALIAS" || fix.Origin == "" {
			fmt.Fprintf(&b, "# %s\n", zoneLine(rr))
			continue
		}
		block(&b, known, rr, fix.Origin, i)
	}
	return b.String()
}

func block(b *strings.Builder, known resource, rr record.RR, origin string, i int) {
	name := identifier(rr, i)
	label := strings.TrimSuffix(strings.TrimSuffix(rr.Name, origin), ".")
	lines := known.body(rr, label, origin)
	width := 0
	for _, line := range lines {
		width = max(width, len(line.name))
	}
	fmt.Fprintf(b, "resource %s %s {\n", quote(known.kind), quote(name))
	for _, line := range lines {
		value := line.value
		if !line.bare {
			value = quote(value)
		}
		fmt.Fprintf(b, "  %-*s = %s\n", width, line.name, value)
	}
	b.WriteString("}\n")
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
