package spec

import "regexp"

// APIVersion is what the first field of every file must say.
const APIVersion = "acmsync/v1"

// kind says what a field's value is.
type kind int

const (
	text    kind = iota // a string; numbers must be quoted
	scalar              // any scalar, taken as its text
	flag                // true or false
	count               // a whole number, 0 or more
	list                // a list of mappings of shape of
	mapping             // one mapping of shape of
)

// field is one row of the table.
type field struct {
	name     string
	kind     kind
	doc      string // what it means, for the schema; one or two sentences
	required bool
	hint     string         // what to write, when it is missing or empty
	values   []string       // the closed list of values; nil: free
	later    []string       // values of a later release
	match    *regexp.Regexp // what a text must look like
	plain    string         // the same, for people
	looks    string         // pattern for editors only; the parser is stricter
	max      int            // most characters of a text, or most of a count
	of       *shape         // what a list or mapping holds
	// unreleased: the field is known, its behaviour comes later.
	unreleased bool
}

// shape is the set of fields of one kind of YAML mapping.
type shape struct {
	name   string // as messages say it: "an app"
	doc    string
	fields []field
	// short names the field that an entry is when it is written as a bare
	// string; "": entries must be mappings.
	short string
}

// field looks a name up. Shapes are so small that a map would be slower.
func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// RFC 1123 labels: what host names, Kubernetes and Heroku use for apps.
var appName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// looksLikeDomain asks for two labels, an asterisk only in front and nothing
// of a URL. The dots are those of RFC 3490, section 3.1. The rest (IDNA,
// lengths, addresses, public suffixes) is beyond a pattern.
const looksLikeDomain = `^(\*\.)?[^\s*/:@_.。．｡]+([.。．｡][^\s*/:@_.。．｡]+)+[.。．｡]?$`

var (
	challengeField = field{
		name: "challenge", kind: text,
		doc:    "How the CA validates the domain. Absent: the operator's default.",
		values: []string{"http-01", "dns-01"},
		later:  []string{"tls-alpn-01", "dns-persist-01"},
	}
	refreshField = field{
		name: "refresh", kind: scalar, max: 128,
		doc: "Any new value means: try again now. Its text counts, so 1.10 is not 1.1.",
	}
	rekeyField = field{
		name: "rekey", kind: scalar, max: 128,
		doc: "Any new value means: a new key and certificate, then the old one is revoked.",
	}
	certificateField = field{
		name: "certificate", kind: mapping, of: certificateShape,
		doc: "A certificate of your own. It turns automatic management off, unless acm: true stands beside it.",
	}
)

var certificateShape = &shape{
	name: "a certificate",
	doc:  "A certificate of your own, as two PEM files of this repository. It turns automatic management off; with acm: true beside it, it is served until the automatic one is deployed.",
	fields: []field{
		{
			name: "chain", kind: text, required: true, looks: looksLikePath, max: maxPath,
			doc:  "The certificate and then its issuers, in PEM; a path that begins where apps.yaml lies.",
			hint: `write "chain: certs/shop.pem"`,
		},
		{
			name: "key", kind: text, required: true, looks: looksLikePath, max: maxPath,
			doc:  "Its private key, encrypted with age to the operator's identity; a path like that of the chain.",
			hint: `write "key: certs/shop.key.age"`,
		},
	},
}

var domainShape = &shape{
	name:  "a domain",
	doc:   "A custom domain of the app.",
	short: "name",
	fields: []field{
		{
			name: "name", kind: text, required: true, looks: looksLikeDomain,
			doc:  "The domain name, such as www.shop.example or *.shop.example.",
			hint: `write "name: www.shop.example"`,
		},
		{
			name: "acm", kind: flag,
			doc: "Switches automatic certificate management on or off for this domain. Absent: as the app has it.",
		},
		challengeField,
		{
			name: "target", kind: text, looks: `^[^\s*/:@_]+$`, max: 253,
			doc: "What the domain's CNAME must point at, where that is not the platform's own target.",
		},
		refreshField,
		rekeyField,
		certificateField,
	},
}

// settings are the fields of an app that defaults may give, too.
var settings = []field{
	{
		name: "acm", kind: flag,
		doc: "Automatic certificate management, on or off. Absent: on for the common runtime, off for a private one.",
	},
	{
		name: "plan", kind: text, max: 64,
		doc: "The app's plan. The operator's settings say which plans get no automatic certificates.",
	},
	{
		name: "runtime", kind: text, values: []string{Common, Private},
		doc: "Where the app runs. Absent: common.",
	},
	{
		name: "web", kind: count, max: 1_000_000,
		doc: "How many web processes run. Absent: unknown and not checked. A private app needs one for HTTP validation.",
	},
	{
		name: "trustedIPs", kind: flag,
		doc: "True when only trusted addresses reach the app, so that HTTP validation cannot.",
	},
	refreshField,
	rekeyField,
	challengeField,
	{
		name: "grouping", kind: text, values: []string{"domain"}, later: []string{"app"},
		doc: "Which names share a certificate: domain gives each its own.",
	},
	certificateField,
}

var defaultsShape = &shape{
	name:   "defaults",
	doc:    "Values for every app of this file that does not say otherwise.",
	fields: settings,
}

var appShape = &shape{
	name: "an app",
	doc:  "An app and its custom domains.",
	fields: append(append([]field{
		{
			name: "name", kind: text, required: true, match: appName,
			plain: "lower-case letters, digits and hyphens, at most 63, with a letter or digit at both ends",
			doc:   "The app's name: lower-case letters, digits and hyphens, at most 63; unique over all files.",
			hint:  `write "name: shop"`,
		},
	}, settings...), field{
		name: "domains", kind: list, required: true, of: domainShape,
		doc:  "The app's custom domains, each a name or a mapping.",
		hint: `list the app's domains, or write "domains: []" for none`,
	}),
}

var versionField = field{
	name: "apiVersion", kind: text, required: true, values: []string{APIVersion},
	doc:  "The version of this format.",
	hint: `begin the file with "apiVersion: ` + APIVersion + `"`,
}

var fileShape = &shape{
	name: "a file of apps",
	doc:  "Apps and their custom domains: apps.yaml, or one of apps/*.yaml.",
	fields: []field{
		versionField,
		{name: "defaults", kind: mapping, of: defaultsShape, doc: defaultsShape.doc},
		{
			name: "apps", kind: list, required: true, of: appShape,
			doc:  "The apps.",
			hint: `list the apps, or write "apps: []" for none`,
		},
	},
}

// singleShape is a file of apps/ that holds one app unwrapped, so that a
// CODEOWNERS line can name its owner.
var singleShape = &shape{
	name:   "a file of one app",
	doc:    "One app and its custom domains, in a file of its own under apps/.",
	fields: append([]field{versionField}, appShape.fields...),
}
