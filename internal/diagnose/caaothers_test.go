package diagnose_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// TestCAAOfSeveralCAs: one that is allowed is enough, if it is known; where none
// is, each gets a record.
func TestCAAOfSeveralCAs(t *testing.T) {
	t.Parallel()
	known := record.Issuer{CAAIdentities: []string{"second.test"}}
	for name, c := range map[string]struct {
		issuer   string
		others   []record.Issuer
		expected int // records; 0: nothing is wrong
	}{
		"the second is allowed":    {"second.test", []record.Issuer{known}, 0},
		"the first is allowed":     {"ca.test", []record.Issuer{known}, 0},
		"neither is":               {"elsewhere.test", []record.Issuer{known}, 2},
		"the second is not known":  {"second.test", []record.Issuer{{}}, 1},
		"there is no second":       {"second.test", nil, 1},
		"the third is allowed":     {"third.test", []record.Issuer{known, {CAAIdentities: []string{"third.test"}}}, 0},
		"its account is not named": {"second.test; accounturi=https://second.test/1", []record.Issuer{{CAAIdentities: known.CAAIdentities, AccountURI: "https://second.test/2"}}, 2},
	} {
		p := record.Platform{CAAIdentities: []string{"ca.test"}, Others: c.others}
		seen := record.Observation{Name: "www.shop.example", CAA: &record.CAA{
			Answer: record.Answered, Zone: "shop.example", Records: []record.CAARecord{{Tag: "issue", Value: c.issuer}},
		}}
		got := 0
		for _, f := range diagnose.Explain(p, record.Question{Name: "www.shop.example"}, seen, nil) {
			if f.Code == failure.CAAForbids && !f.Warning {
				got = len(f.Expected)
			}
		}
		if got != c.expected {
			t.Errorf("%s: %d records are asked for, want %d", name, got, c.expected)
		}
	}
}
