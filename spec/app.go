package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// The runtimes an app may have.
const (
	Common  = "common"
	Private = "private"
)

// App is one app of desired state, the defaults of its file filled in.
type App struct {
	Name string
	// File and Line are where the app stands, for messages.
	File string
	Line int
	// ACM is what the owner wrote; nil: nothing (see [App.Managed]).
	ACM *bool
	// Plan is free text, "" when absent.
	Plan string
	// Runtime is Common or Private; Common when absent.
	Runtime string
	// Web is the number of running web processes; nil: unknown.
	Web *int
	// TrustedIPs: only trusted addresses reach the app.
	TrustedIPs bool
	// Refresh and Rekey are the scalars as written (1.10 stays "1.10").
	Refresh, Rekey string
	// Challenge is the validation method; "": the operator's default.
	Challenge string
	// Certificate is what the owner brings along for every domain of the app
	// that does not bring its own; nil: nothing.
	Certificate *Certificate `json:",omitempty"`
	// Domains are in the order of the file. No name stands twice.
	Domains []Domain
}

// Domain is one custom domain of an app. Absent fields are empty and mean: as
// the app has it.
type Domain struct {
	// Name is canonical: lower case, A-labels, no trailing dot.
	Name string
	// Unicode is how people read the name; "" when that is Name itself.
	Unicode string
	// ACM is the domain's own switch; nil: as the app has it.
	ACM *bool
	// Challenge, Refresh and Rekey add to the app's.
	Challenge string
	// Target is the CNAME target of this domain, canonical; "": the platform's.
	Target         string
	Refresh, Rekey string
	// Certificate is brought along for this domain alone; nil: as the app has it.
	Certificate *Certificate `json:",omitempty"`
	// Line and Column count from 1.
	Line, Column int
}

// Managed reports whether ACM is on for d: what the domain says, else what the
// app says, else on for the common runtime and off for a private one. A
// certificate that is brought along turns it off where it stands; an acm beside
// it, or nearer to the domain, has its say all the same.
func (a App) Managed(d Domain) bool {
	switch {
	case d.ACM != nil:
		return *d.ACM
	case d.Certificate != nil:
		return false
	case a.ACM != nil:
		return *a.ACM
	case a.Certificate != nil:
		return false
	}
	return a.Runtime != Private
}

// Brought is the certificate that is brought along for d; nil: none is.
func (a App) Brought(d Domain) *Certificate {
	if d.Certificate != nil {
		return d.Certificate
	}
	return a.Certificate
}

// Wildcard reports whether the name covers every label in front of its base.
func (d Domain) Wildcard() bool { return strings.HasPrefix(d.Name, wildcard) }

// Digest identifies what an app asks for: it changes when the meaning of the
// app's entry does, and not when the entry moves, is reordered or commented.
func Digest(a App) string {
	a.File, a.Line = "", 0
	a.Domains = slices.Clone(a.Domains)
	for i := range a.Domains {
		a.Domains[i].Line, a.Domains[i].Column, a.Domains[i].Unicode = 0, 0, ""
	}
	slices.SortFunc(a.Domains, func(x, y Domain) int { return strings.Compare(x.Name, y.Name) })
	if len(a.Domains) == 0 {
		a.Domains = nil // none is none, however it was written
	}
	// Strings, bools and ints: Marshal cannot fail on them.
	text, _ := json.Marshal(a)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
