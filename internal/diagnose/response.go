package diagnose

import (
	"fmt"
	"strings"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// FromResponse says why the CA was not told of an answered dns-01 challenge.
// Whoever runs the DNS provider must act, except where the record lies in a zone
// that is not the platform's: then the owner delegates it (RFC 8555, section
// 8.4, lets the CA follow aliases).
func FromResponse(u *record.Unanswered) record.Finding {
	name, txt := Clean(u.Name, maxName), Clean(u.Record, maxName)
	detail := strings.TrimRight(Clean(u.Detail, maxDetail), " .")
	own := "_acme-challenge." + strings.TrimPrefix(name, "*.")
	switch {
	case u.Late:
		return record.Finding{
			Code: failure.DNSTimeout, Actor: failure.Operator,
			Message: fmt.Sprintf("The TXT record %s, which proves %s to the CA, is not at every name server of its zone: %s.", txt, name, detail),
			Remedy:  fmt.Sprintf("Make every name server of %s get the zone from where challenge.dns01 writes it, and check that all of them answer.", txt),
		}
	case u.Foreign:
		return record.Finding{
			Code:    failure.IncorrectDNS,
			Message: fmt.Sprintf("This platform may not write the TXT record %s, which proves %s to the CA: %s.", txt, name, detail),
			Remedy:  fmt.Sprintf("Set CNAME %s to a name in a zone that this platform's DNS provider writes; ask the operator which.", own),
		}
	}
	return record.Finding{
		Code: failure.IncorrectDNS, Actor: failure.Operator,
		Message: fmt.Sprintf("The TXT record %s, which proves %s to the CA, could not be written: %s.", txt, name, detail),
		Remedy:  "Mend challenge.dns01 in acmsync's settings, or what it writes to; acmsync tries again by itself.",
	}
}
