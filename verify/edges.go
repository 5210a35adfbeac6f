package verify

import (
	"net/netip"
	"slices"
)

// maxEdges bounds how many of a name's addresses are looked at.
const maxEdges = 8

// edges are the addresses to look at, IPv6 first, as all has them: those that
// may be dialled, and of more than maxEdges as many of each family as can be.
// left is how many are beyond the bound.
func (v *Verifier) edges(all []netip.Addr) (edges []netip.Addr, left int) {
	six := 0
	for _, addr := range all {
		if !v.guard.Allowed(addr) {
			continue
		}
		edges = append(edges, addr)
		if !addr.Is4() {
			six++
		}
	}
	if len(edges) <= maxEdges {
		return edges, 0
	}
	four := len(edges) - six
	six = min(six, max(maxEdges/2, maxEdges-four))
	four = maxEdges - six
	first4 := slices.IndexFunc(edges, netip.Addr.Is4)
	if four == 0 {
		return edges[:six], len(edges) - six
	}
	return slices.Concat(edges[:six], edges[first4:first4+four]), len(edges) - maxEdges
}
