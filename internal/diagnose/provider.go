package diagnose

import (
	"slices"
	"strings"
)

// provider is a DNS provider as somebody meets it who has to change a record
// there. What is empty is not known and is said in general words.
type provider struct {
	name string
	// servers are the ends of its name servers' names. One that ends in a
	// hyphen is the beginning of a label.
	servers []string
	// page is where the records of a {zone} are, add what begins a new one.
	page, add string
	// nameLabel and valueLabel are its words for a record's name and value, apex
	// what stands for the zone itself in the first.
	nameLabel, valueLabel string
	apex                  string
	// targetLabel is its word for the value of a CNAME, if that is another.
	targetLabel string
	// textLabel is its word for the value of a TXT record, if that is another.
	textLabel string
	// dotted: a target without a final dot is taken to lie in the zone.
	dotted bool
	// alias is the type that leads an apex to another name; empty: it has none.
	alias string
	// caaLabels are its fields for a CAA record's name, flags, tag and value,
	// empty where it has no such field; none at all: flags, tag and value are
	// one value, as in a zone file.
	caaLabels [4]string
	// recordSets: a name has one record of a type, with a value a line, so that
	// another value is an edit of it.
	recordSets bool
	// habits are what it does on its own that matters here.
	habits habits
}

// habits are remarks, each for the changes that it matters to.
type habits struct {
	address string // for a record that leads somewhere
	apex    string // for such a record at the apex
	caa     string // for a CAA record
	proxy   string // where something between it and the platform answers
}

// recognise is the provider that serves a zone, by the names of its name
// servers. Name servers of two providers recognise neither: a change at one
// would leave the other behind.
func recognise(servers []string) *provider {
	var found *provider
	for _, server := range servers {
		i := slices.IndexFunc(providers, func(p provider) bool { return p.serves(server) })
		switch {
		case i < 0:
			return nil
		case found == nil:
			found = &providers[i]
		case found != &providers[i]:
			return nil
		}
	}
	return found
}

func (p provider) serves(server string) bool {
	server = strings.ToLower(strings.TrimSuffix(server, "."))
	return slices.ContainsFunc(p.servers, func(end string) bool {
		if label, ok := strings.CutSuffix(end, "-"); ok {
			return strings.Contains("."+server, "."+label+"-")
		}
		return server == end || strings.HasSuffix(server, "."+end)
	})
}

// The words where a provider's own are not known.
const (
	anyPage  = "the DNS records of {zone}"
	anyAdd   = "Add a record"
	anyName  = "Name"
	anyValue = "Value"
)

// label is what stands for a name of the zone in the provider's name field.
func (p provider) label(name, origin string) string {
	switch {
	case origin == "":
		return name
	case sameName(name, origin):
		return or(p.apex, "as for the zone itself")
	}
	return strings.TrimSuffix(name, "."+origin)
}
