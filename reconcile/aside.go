package reconcile

import (
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// SetAside stands in for the row of key, which cannot be read but for the app it
// is of and its mode. Nothing is done for it, and nobody but the operator can
// change that; what is deployed stays.
func SetAside(key, app string, mode record.Mode) record.Domain {
	return record.Domain{
		Want:  record.Want{Key: key, App: app, Mode: mode, Names: []string{key}},
		State: record.Failing,
		Findings: []record.Finding{{
			Code:    failure.Internal,
			Message: "acmsync's own record of " + key + " is damaged. What is deployed stays; nothing else is done for this domain.",
			Remedy:  "Run acmsync doctor on the host; it says what to do.",
		}},
	}
}

// Aside is the decision about such a row.
func Aside(d record.Domain) Decision {
	return Decision{Next: d, Outcome: Outcome{Kind: Fail, App: d.App, Domain: d.Name(), Why: d.Findings[0].Message}}
}
