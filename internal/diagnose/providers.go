package diagnose

// providers are the DNS providers that are recognised. Only what their pages
// say is here, with the pages; which types they take is, where their own pages
// were not at hand, from https://docs.dnscontrol.org/provider (ALIAS, CAA).
var providers = []provider{
	{
		// https://developers.cloudflare.com/dns/manage-dns-records/how-to/create-zone-apex/
		// https://developers.cloudflare.com/dns/cname-flattening/
		// https://developers.cloudflare.com/ssl/edge-certificates/caa-records/
		name: "Cloudflare", servers: []string{"ns.cloudflare.com"},
		page: "{zone} > DNS > Records", add: "Add record", nameLabel: "Name", targetLabel: "Target", valueLabel: "address", textLabel: "Content", apex: "@", alias: "CNAME",
		caaLabels: [4]string{"Name", "", "Tag", "CA domain name"},
		habits: habits{
			address: "Set Proxy status to DNS only.",
			apex:    "A CNAME may stand at the apex: Cloudflare answers with the target's addresses (CNAME flattening).",
			caa:     "Cloudflare publishes CAA records of its own beside yours for the CAs it uses itself; leave them.",
			proxy:   "Set Proxy status of the record from Proxied to DNS only, so that Cloudflare does not answer in the platform's place.",
		},
	},
	{
		// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-creating.html
		// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
		// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html (CAA is one value)
		name: "Amazon Route 53", recordSets: true, servers: []string{"awsdns-"},
		page: "Hosted zones > {zone}", add: "Create record", nameLabel: "Record name", valueLabel: "Value", apex: "left empty",
		habits: habits{apex: "An alias record of Route 53 leads to AWS resources or other records of the zone only."},
	},
	{
		// https://www.godaddy.com/help/add-a-caa-record-27288
		name: "GoDaddy", servers: []string{"domaincontrol.com"},
		page: "Domain Portfolio > {zone} > DNS", add: "Add New Record", nameLabel: "Name", valueLabel: "Value", apex: "@",
		caaLabels: [4]string{"Name", "Flag", "Tag", "Domain"},
	},
	{
		// https://www.namecheap.com/support/knowledgebase/article.aspx/9646/
		name: "Namecheap", servers: []string{"registrar-servers.com"},
		page: "Domain List > {zone}: Manage > Advanced DNS", add: "Add New Record", nameLabel: "Host", valueLabel: "Value", apex: "@", alias: "ALIAS",
	},
	{
		// https://docs.cloud.google.com/dns/docs/records-overview
		// https://docs.cloud.google.com/dns/records (Zone details; the DNS name is left blank at the apex, @ is none)
		name: "Google Cloud DNS", recordSets: true, servers: []string{"googledomains.com"},
		page: "Cloud DNS zones > the zone of {zone} > Zone details", add: "Add standard", nameLabel: "DNS name", apex: "left empty",
		habits: habits{apex: "An ALIAS record can be made with gcloud or the API, not in the console, and only in a zone without DNSSEC."},
	},
	{
		// https://learn.microsoft.com/azure/dns/dns-zones-records
		// https://learn.microsoft.com/azure/dns/dns-alias
		name: "Azure DNS", recordSets: true, servers: []string{"azure-dns.com", "azure-dns.net", "azure-dns.org", "azure-dns.info"},
		page: "the record sets of the DNS zone {zone}", add: "Add a record set", nameLabel: "Name", apex: "@",
		caaLabels: [4]string{"Name", "Flags", "Tag", "Value"}, // https://learn.microsoft.com/cli/azure/network/dns/record-set/caa
		habits:    habits{apex: "An alias record set of Azure leads to Azure resources or other record sets of the zone only."},
	},
	{
		// https://docs.digitalocean.com/products/networking/dns/how-to/create-caa-records/
		name: "DigitalOcean", servers: []string{"digitalocean.com"},
		page: "the DNS records of {zone} in the control panel", nameLabel: "Hostname", apex: "@", caaLabels: [4]string{"Hostname", "Flags", "Tag", "Value"},
	},
	{
		// https://docs.gandi.net/fr/noms_domaine/operations_courantes/enregistrements_dns.html
		name: "Gandi", servers: []string{"gandi.net"},
		page: "{zone} > DNS Records", add: "Add", nameLabel: "Name", apex: "@", dotted: true, alias: "ALIAS",
	},
	{
		// https://github.com/ovh/docs pages/web_cloud/domains/dns_zone_edit
		name: "OVHcloud", servers: []string{"ovh.net", "ovh.co.uk"},
		page: "Web Cloud > Domain names > {zone} > DNS zone", add: "Add an entry", nameLabel: "Sub-domain", targetLabel: "Target",
		dotted: true, habits: habits{apex: "OVHcloud takes A and AAAA records at the apex, and no CNAME."},
	},
	{
		// https://www.ionos.com/help/domains/configuring-cname-records-for-subdomains/configuring-a-cname-record-for-a-subdomain
		name: "IONOS", servers: []string{"ui-dns.com", "ui-dns.org", "ui-dns.de", "ui-dns.biz", "ionos.com", "1and1.com"},
		page: "Domains & SSL > the gear symbol of {zone} > DNS", add: "ADD RECORD", nameLabel: "Hostname", valueLabel: "Points to", textLabel: "Value", apex: "@",
	},
	{
		// https://support.hostinger.com/en/articles/10085192-cname-vs-alias-records
		name: "Hostinger", servers: []string{"dns-parking.com"},
		page: "the DNS zone of {zone} in hPanel", nameLabel: "Name", targetLabel: "Target", apex: "@", alias: "CNAME",
		habits: habits{apex: "hPanel saves a CNAME for @ as an ALIAS."},
	},
	{
		// https://knowledge.digicert.com/dnsme/managed-dns/cname-record
		name: "DNS Made Easy", servers: []string{"dnsmadeeasy.com"},
		page: "Managed DNS > {zone}", add: "Press + in the section of that type", apex: "left empty", nameLabel: "Name", targetLabel: "Alias to", dotted: true, alias: "ANAME",
	},
	{
		// https://support.constellix.com/support/solutions/articles/47000849512-cname-records
		// https://support.constellix.com/support/solutions/articles/47000849453-aname-records
		name: "Constellix", servers: []string{"constellix.com", "constellix.net"},
		page: "Managed DNS > Domains > {zone}", add: "Press + in the section of that type", apex: "left empty", nameLabel: "Name", dotted: true, alias: "ANAME",
	},
	{
		// https://techdocs.akamai.com/cloud-computing/docs/caa-records
		// https://techdocs.akamai.com/cloud-computing/docs/cname-records
		name: "Akamai (Linode)", servers: []string{"linode.com"},
		page: "Domains > {zone}", apex: "left empty", nameLabel: "Hostname", targetLabel: "Alias to", caaLabels: [4]string{"Name", "", "Tag", "Value"},
	},
	{
		// https://vercel.com/docs/domains/managing-dns-records
		// https://vercel.com/docs/domains/working-with-dns (CAA of its own at the apex)
		// https://vercel.com/docs/cli/dns (CAA is one value; @)
		name: "Vercel", servers: []string{"vercel-dns.com"},
		page: "Domains > {zone}", add: "Add", nameLabel: "Name", valueLabel: "Value", apex: "@", alias: "ALIAS",
		habits: habits{caa: "Vercel publishes a CAA record of its own at the apex, for Let's Encrypt; leave it."},
	},
	{
		// https://help.ns1.com/hc/en-us/articles/360020258073-Creating-a-DNS-record
		// https://www.ibm.com/docs/en/ns1-connect?topic=answers-reference-dns-record-types (one record, several answers)
		// Name server from the table of https://github.com/jakejarvis/domainstack.io
		name: "NS1", recordSets: true, servers: []string{"nsone.net"},
		page: "DNS > Zones > {zone} > Records", add: "Add record", nameLabel: "Name", valueLabel: "Answer", apex: "left empty", alias: "ALIAS",
	},
	{
		// https://support.dnsimple.com/articles/manage-a-record/
		// https://support.dnsimple.com/articles/manage-cname-record/
		// https://support.dnsimple.com/articles/manage-caa-record/
		// https://support.dnsimple.com/articles/alias-record/
		name: "DNSimple", servers: []string{"dnsimple.com", "dnsimple-edge.net", "dnsimple-edge.org"},
		page: "Domain Names > {zone} > DNS", add: "Add", nameLabel: "Name", valueLabel: "IP Address", textLabel: "Content", targetLabel: "Content", apex: "left empty", alias: "ALIAS",
		caaLabels: [4]string{"Name", "", "Tag", "Value"},
		habits:    habits{caa: "Choose Custom, which has a field each for tag and value. DNSimple does not hand CAA records on to secondary name servers."},
	},
	{
		// https://kb.porkbun.com/article/231-how-to-add-dns-records-on-porkbun
		// https://kb.porkbun.com/article/68-how-to-edit-dns-records; the records that a new domain has:
		// https://github.com/qdm12/ddns-updater/blob/master/docs/porkbun.md
		name: "Porkbun", servers: []string{"porkbun.com"},
		page: "Domain Management > {zone} > DNS", nameLabel: "Host", valueLabel: "Answer", apex: "left empty", alias: "ALIAS",
		habits: habits{apex: "A new domain at Porkbun has ALIAS and CNAME records that lead to pixie.porkbun.com; delete them first."},
	},
	{
		// https://docs.hetzner.com/networking/dns/getting-started/delegate-to-hetzner (where a zone is)
		// https://docs.hetzner.com/networking/dns/faq/records (@; without a final dot the zone is appended)
		// https://docs.dnscontrol.org/provider/hetzner
		name: "Hetzner", servers: []string{"hetzner.com", "hetzner.de"},
		page: "the project in Hetzner Console > DNS > {zone}", nameLabel: "Name", valueLabel: "Value", apex: "@", dotted: true,
		habits: habits{caa: "Hetzner takes no blanks within the quotes of a CAA record."},
	},
	{
		// https://www.alibabacloud.com/help/en/dns/pubz-add-parsing-record
		// https://www.alibabacloud.com/help/en/dns/pubz-faq-related-to-domain-name-resolution-resolution-records (ALIAS)
		// https://www.alibabacloud.com/help/en/dns/api-alidns-2015-01-09-adddomainrecord (@, never empty; CAA is one value)
		name: "Alibaba Cloud DNS", servers: []string{"hichina.com", "alidns.com"},
		page: "Public Zone > {zone}", add: "Add Record", alias: "ALIAS", nameLabel: "Host", valueLabel: "Record Value", apex: "@",
	},
	{
		// https://www.tencentcloud.com/document/product/1295/76979
		name: "DNSPod", servers: []string{"dnspod.net"},
		page: "Authoritative Resolution > {zone}", add: "Add Records", nameLabel: "Host Record", valueLabel: "Record Value", apex: "@",
		habits: habits{caa: "Leave Line Type at Default, or some CAs do not see the record."},
	},
	{
		// https://docs.ultradns.com (CNAME records)
		// https://dns.ultraproducts.support/hc/en-us/articles/18425221475611-Managing-Your-Domains
		name: "UltraDNS", servers: []string{"ultradns.net", "ultradns.org", "ultradns.com", "ultradns.biz"},
		page: "Domains > {zone}", nameLabel: "Host", targetLabel: "Points To",
	},
	{
		// https://techdocs.akamai.com/terraform/docs/dns-record
		// https://techdocs.akamai.com/powershell/docs/new-ednsrecordset (a name and type exists once)
		// https://docs.dnscontrol.org/provider/akamaiedgedns (no ALIAS; AKAMAITLC at the apex)
		name: "Akamai Edge DNS", recordSets: true, servers: []string{"akam.net"}, alias: "AKAMAITLC",
	},
	{
		// https://docs.dnscontrol.org/provider/hedns
		name: "Hurricane Electric", servers: []string{"he.net"}, alias: "ALIAS",
	},
	{
		// https://github.com/MicrosoftDocs/microsoft-365-docs create-dns-records-at-network-solutions.md (Edit DNS, @, final dots)
		// https://github.com/SSLMate/caa_helper/issues/131
		name: "Network Solutions", servers: []string{"worldnic.com"},
		page: "My Domain Names > {zone} > Edit DNS > Manage Advanced DNS Records", add: "Edit the section of that type", nameLabel: "Host", apex: "@", dotted: true,
		habits: habits{caa: "CAA records that were added at Network Solutions did not appear in DNS in 2021; look with dig afterwards, and ask them if it is not there."},
	},
	{
		// https://hooshosting.com/howto/how-to-add-an-a-record-and-cname-on-bluehost
		// https://github.com/MicrosoftDocs/microsoft-365-docs create-dns-records-at-bluehost.md
		name: "Bluehost", servers: []string{"bluehost.com"},
		page: "Domains > {zone}", nameLabel: "Host Record", targetLabel: "Points To", apex: "@",
	},
	{
		// https://www.mangomint.com/learn/adding-dns-records-to-wix/ (Add Record, Host name, Value)
		// https://github.com/MicrosoftDocs/microsoft-365-docs create-dns-records-at-wix.md (blank at the apex)
		name: "Wix", servers: []string{"wixdns.net"},
		page: "Settings > Domains > {zone} > Manage DNS records", add: "Add Record in the section of that type", nameLabel: "Host name", valueLabel: "Value", apex: "left empty",
	},
	{
		// Recognised by https://github.com/jakejarvis/domainstack.io's table; fields as of
		// https://support.squarespace.com/hc/en-us/articles/360002101888
		name: "Squarespace", servers: []string{"squarespacedns.com"},
		page: "Domains > {zone} > DNS Settings > Custom records", add: "Add record", nameLabel: "Host", valueLabel: "Data", apex: "@",
	},
}
