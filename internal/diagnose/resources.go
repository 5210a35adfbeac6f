package diagnose

import (
	"fmt"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// resource is what one Terraform provider makes of records of one name and
// type: the type of the resource, in which {type} stands for theirs, and its
// arguments, in a zone within which their name is label.
type resource struct {
	kind string
	// sets: one resource holds all of them; else rrs is one record.
	sets bool
	// texts is how it takes TXT records.
	texts texts
	// body is nil for records that are not known to be taken.
	body func(rrs []record.RR, label, origin string) []argument
}

// texts is how a resource has the values of TXT records.
type texts int

const (
	textsUnknown texts = iota
	textsPlain
	textsQuoted // in quotes of their own
)

// argument is a line of a block; a bare value is an expression and not a text.
// One with a block of its own has no value.
type argument struct {
	name, value string
	bare        bool
	block       []argument
}

func text(name, value string) argument { return argument{name: name, value: value} }

func bare(name, value string) argument { return argument{name: name, value: value, bare: true} }

// listed is a list of the records' values.
func listed(name string, rrs []record.RR, value func(record.RR) string) argument {
	items := make([]string, 0, len(rrs))
	for _, rr := range rrs {
		items = append(items, quote(value(rr)))
	}
	return bare(name, "["+strings.Join(items, ", ")+"]")
}

func plainValue(rr record.RR) string { return rr.Value }

// resources are by the name of the DNS provider. Where the zone's identifier is
// not its name, it comes from a variable. All pages are of the provider's own
// Terraform provider.
var resources = map[string]resource{
	// https://registry.terraform.io/providers/cloudflare/cloudflare/latest/docs/resources/dns_record
	"Cloudflare": {kind: "cloudflare_dns_record", body: func(rrs []record.RR, _, _ string) []argument {
		rr := rrs[0]
		lines := []argument{bare("zone_id", "var.cloudflare_zone_id"), text("name", rr.Name), text("type", rr.Type)}
		if rr.Type == "CAA" {
			flags, tag, value := splitCAA(rr.Value)
			return append(lines, bare("data", fmt.Sprintf("{ flags = %s, tag = %s, value = %s }", number(flags), quote(tag), quote(value))), bare("ttl", "1"))
		}
		return append(lines, text("content", rr.Value), bare("ttl", "1"), bare("proxied", "false"))
	}},
	// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_record
	"Amazon Route 53": {kind: "aws_route53_record", sets: true, texts: textsPlain, body: func(rrs []record.RR, _, _ string) []argument {
		return []argument{bare("zone_id", "var.route53_zone_id"), text("name", rrs[0].Name), text("type", rrs[0].Type), bare("ttl", "300"), listed("records", rrs, plainValue)}
	}},
	// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/dns_record_set
	// (the whole set, names with a final dot)
	"Google Cloud DNS": {kind: "google_dns_record_set", sets: true, texts: textsQuoted, body: func(rrs []record.RR, _, _ string) []argument {
		return []argument{bare("managed_zone", "var.google_managed_zone"), text("name", rrs[0].Name+"."), text("type", rrs[0].Type), bare("ttl", "300"), listed("rrdatas", rrs, dottedValue)}
	}},
	// https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/dns_a_record
	// (dns_aaaa_record, dns_cname_record, dns_caa_record, dns_txt_record)
	"Azure DNS": {kind: "azurerm_dns_{type}_record", sets: true, texts: textsPlain, body: azure},
	// https://registry.terraform.io/providers/ovh/ovh/latest/docs/resources/domain_zone_record
	"OVHcloud": {kind: "ovh_domain_zone_record", body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("zone", origin), text("subdomain", label), text("fieldtype", rrs[0].Type), text("target", dottedValue(rrs[0]))}
	}},
	// https://registry.terraform.io/providers/vercel/vercel/latest/docs/resources/dns_record
	"Vercel": {kind: "vercel_dns_record", body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("domain", origin), text("name", label), text("type", rrs[0].Type), text("value", dottedValue(rrs[0]))}
	}},
	// https://help.aliyun.com/zh/terraform/ (alicloud_alidns_record)
	"Alibaba Cloud DNS": {kind: "alicloud_alidns_record", body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("domain_name", origin), text("rr", apexed(label)), text("type", rrs[0].Type), text("value", rrs[0].Value)}
	}},
	// https://techdocs.akamai.com/terraform/docs/dns-record
	"Akamai Edge DNS": {kind: "akamai_dns_record", sets: true, body: func(rrs []record.RR, _, origin string) []argument {
		return []argument{text("zone", origin), text("name", rrs[0].Name), text("recordtype", rrs[0].Type), bare("ttl", "300"), listed("target", rrs, plainValue)}
	}},
	// https://registry.terraform.io/providers/linode/linode/latest/docs/resources/domain_record
	"Akamai (Linode)": {kind: "linode_domain_record", body: func(rrs []record.RR, label, _ string) []argument {
		lines := []argument{bare("domain_id", "var.linode_domain_id"), text("name", label), text("record_type", rrs[0].Type)}
		if _, tag, value := splitCAA(rrs[0].Value); rrs[0].Type == "CAA" {
			return append(lines, text("tag", tag), text("target", value))
		}
		return append(lines, text("target", rrs[0].Value))
	}},
	// https://registry.terraform.io/providers/ns1-terraform/ns1/latest/docs/resources/record
	"NS1": {kind: "ns1_record", sets: true, body: ns1},
	// https://registry.terraform.io/providers/dnsimple/dnsimple/latest/docs/resources/zone_record
	"DNSimple": {kind: "dnsimple_zone_record", body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("zone_name", origin), text("name", label), text("type", rrs[0].Type), text("value", rrs[0].Value)}
	}},
	// https://registry.terraform.io/providers/go-gandi/gandi/latest/docs/resources/livedns_record
	"Gandi": {kind: "gandi_livedns_record", sets: true, body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("zone", origin), text("name", apexed(label)), text("type", rrs[0].Type), bare("ttl", "300"), listed("values", rrs, dottedValue)}
	}},
	// https://registry.terraform.io/providers/hetznercloud/hcloud/latest/docs/resources/zone_rrset
	"Hetzner": {kind: "hcloud_zone_rrset", sets: true, body: func(rrs []record.RR, label, origin string) []argument {
		items := make([]string, 0, len(rrs))
		for _, rr := range rrs {
			items = append(items, "{ value = "+quote(dottedValue(rr))+" }")
		}
		return []argument{text("zone", origin), text("name", apexed(label)), text("type", rrs[0].Type), bare("records", "["+strings.Join(items, ", ")+"]")}
	}},
	// https://registry.terraform.io/providers/ultradns/ultradns/latest/docs/resources/record (CAA is not among its types)
	"UltraDNS": {kind: "ultradns_record", sets: true, body: func(rrs []record.RR, _, origin string) []argument {
		if rrs[0].Type == "CAA" {
			return nil
		}
		return []argument{text("zone_name", origin+"."), text("owner_name", rrs[0].Name+"."), text("record_type", rrs[0].Type), bare("ttl", "300"), listed("record_data", rrs, dottedValue)}
	}},
	// https://registry.terraform.io/providers/digitalocean/digitalocean/latest/docs/resources/record
	"DigitalOcean": {kind: "digitalocean_record", texts: textsPlain, body: digitalOcean},
	// https://registry.terraform.io/providers/hostinger/hostinger/latest/docs/resources/dns_record
	// (overwrite is false: what is there stays)
	"Hostinger": {kind: "hostinger_dns_record", body: func(rrs []record.RR, label, origin string) []argument {
		return []argument{text("zone", origin), text("name", apexed(label)), text("type", rrs[0].Type), text("value", unquotedCAA(rrs[0]))}
	}},
}

// azure writes a set of Azure DNS, which has a resource for each type.
func azure(rrs []record.RR, label, origin string) []argument {
	lines := []argument{text("name", apexed(label)), text("zone_name", origin), bare("resource_group_name", "var.azure_resource_group"), bare("ttl", "300")}
	switch rrs[0].Type {
	case "CNAME":
		return append(lines, text("record", rrs[0].Value))
	case "TXT":
		for _, rr := range rrs {
			lines = append(lines, argument{name: "record", block: []argument{text("value", rr.Value)}})
		}
		return lines
	case "CAA":
		for _, rr := range rrs {
			flags, tag, value := splitCAA(rr.Value)
			lines = append(lines, argument{name: "record", block: []argument{bare("flags", number(flags)), text("tag", tag), text("value", value)}})
		}
		return lines
	}
	return append(lines, listed("records", rrs, plainValue))
}

// ns1 writes a record of NS1, which has an answer for each value: its fields,
// separated by blanks, so that a CA with parameters is not known to be taken.
func ns1(rrs []record.RR, _, origin string) []argument {
	lines := []argument{text("zone", origin), text("domain", rrs[0].Name), text("type", rrs[0].Type), bare("ttl", "300")}
	for _, rr := range rrs {
		if strings.Count(rr.Value, " ") > 2 {
			return nil
		}
		lines = append(lines, argument{name: "answers", block: []argument{text("answer", unquotedCAA(rr))}})
	}
	return lines
}

// digitalOcean writes a record of DigitalOcean, where names in values end in a
// dot, that of a CA too; one with parameters is not known to be taken.
func digitalOcean(rrs []record.RR, label, origin string) []argument {
	rr := rrs[0]
	lines := []argument{text("domain", origin), text("type", rr.Type), text("name", apexed(label))}
	if rr.Type != "CAA" {
		return append(lines, text("value", dottedValue(rr)))
	}
	flags, tag, value := splitCAA(rr.Value)
	if strings.ContainsAny(value, "; ") {
		return nil
	}
	return append(lines, bare("flags", number(flags)), text("tag", tag), text("value", value+"."))
}
