package diagnose

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
)

// TestLookingAgainSaysTheSame: the token of a probe is new at every look, and a
// status changes only when what was seen does.
func TestLookingAgainSaysTheSame(t *testing.T) {
	t.Parallel()
	look := func(token string) []record.Finding {
		away := record.Hop{
			URL: "http://" + blog + record.ChallengePath + token, Status: 302,
			Location: "https://www.shop.example/?next=" + token, KeepsToken: true,
		}
		again := record.Hop{URL: away.Location, Status: 301, Location: "https://www.shop.example/" + token}
		p := record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 404, Hops: []record.Hop{away, again}}
		p.Each = []record.Probe{p}
		return Explain(platform(), question(), seen(right(), probe(p)), nil)
	}
	first, second := look("AAAAAAAAAAAAAAAAAAAAAAAAAA"), look("BBBBBBBBBBBBBBBBBBBBBBBBBB")
	if diff := cmp.Diff(first, second); diff != "" || len(first) == 0 {
		t.Errorf("(-first +second):\n%s", diff)
	}
}
