package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// wildcardOf is the wildcard that may give the name its answer (RFC 4592, section
// 2.2.1): the closest one above it, if that answers the same. Empty: none, so the
// records are the name's own. Asking for a wildcard by its name tells its records.
func (v *Verifier) wildcardOf(ctx context.Context, name string, seen *record.DNS) string {
	if len(seen.Chain) == 0 && len(seen.A.Addrs) == 0 && len(seen.AAAA.Addrs) == 0 {
		return ""
	}
	for at := parentOf(name); strings.Contains(at, "."); at = parentOf(at) {
		wild := dnsOf(v.sharedAddresses(ctx, "*."+at))
		if wild.A.Answer != record.Answered && wild.AAAA.Answer != record.Answered && len(wild.Chain) == 0 {
			continue
		}
		if sameAnswer(wild, seen) {
			return "*." + undotted(at)
		}
		return ""
	}
	return ""
}

// sameAnswer compares but for the names at which the answers begin.
func sameAnswer(a, b *record.DNS) bool {
	return slices.Equal(a.A.Addrs, b.A.Addrs) && slices.Equal(a.AAAA.Addrs, b.AAAA.Addrs) &&
		slices.EqualFunc(a.Chain, b.Chain, func(x, y record.RR) bool { return x.Value == y.Value })
}
