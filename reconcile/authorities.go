package reconcile

import (
	"slices"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

// CA is one certificate authority and our account there.
type CA struct {
	// Directory is the URL of its directory.
	Directory string
	// Issuer is what it says of itself; empty when not yet known.
	record.Issuer
	// Limits are its own; the zero value is none.
	Limits budget.Limits
}

// CAs are all that are configured, in the operator's order.
func (p Policy) CAs() []CA {
	if p.all != nil {
		return p.all
	}
	first := CA{p.Directory, record.Issuer{CAAIdentities: p.Platform.CAAIdentities, AccountURI: p.Platform.AccountURI}, p.Limits}
	return append([]CA{first}, p.Fallback...)
}

// Know is the operator's policy with what a CA says of itself filled in.
func (p Policy) Know(directory string, said record.Issuer) Policy {
	if directory == p.Directory {
		p.Platform.CAAIdentities, p.Platform.AccountURI = said.CAAIdentities, said.AccountURI
	}
	p.Fallback = slices.Clone(p.Fallback)
	p.Platform.Others = nil
	for i := range p.Fallback {
		if p.Fallback[i].Directory == directory {
			p.Fallback[i].Issuer = said
		}
		p.Platform.Others = append(p.Platform.Others, p.Fallback[i].Issuer)
	}
	return p
}

// At is the policy for what concerns one of the CAs: Directory, Limits and what
// Platform says of a CA are its own. Of a directory that is not configured, it
// is the policy as it is.
func (p Policy) At(directory string) Policy {
	all := p.CAs()
	i := slices.IndexFunc(all, func(ca CA) bool { return ca.Directory == directory })
	if i < 0 {
		return p
	}
	ca := all[i]
	p.all, p.Directory, p.Limits = all, ca.Directory, ca.Limits
	p.Platform.CAAIdentities, p.Platform.AccountURI = ca.CAAIdentities, ca.AccountURI
	p.Platform.Others = nil
	for j, other := range all {
		if j != i {
			p.Platform.Others = append(p.Platform.Others, other.Issuer)
		}
	}
	return p
}

func (p Policy) configured(directory string) bool {
	return directory == p.Directory || slices.ContainsFunc(p.CAs(), func(ca CA) bool { return ca.Directory == directory })
}

// several reports whether there is a CA to fall back to.
func (p Policy) several() bool { return len(p.CAs()) > 1 }
