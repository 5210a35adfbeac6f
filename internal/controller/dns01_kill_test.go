//go:build unix

package controller_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestKilledWithRecordsInDNS: the pass after the kill takes them away, whether it
// finishes the order or nobody wants it any more.
func TestKilledWithRecordsInDNS(t *testing.T) {
	t.Parallel()
	for _, m := range []moment{{ca.Challenge, unheard}, {ca.Challenge, unanswered}, {ca.Finalize, unheard}} {
		for _, wanted := range []bool{true, false} {
			name := string(m.kind) + " " + m.how
			if !wanted {
				name += ", then removed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, pair := zoned(t, "shop.example", atOnce)
				w.plan.RevokeAfter = 0
				w.Point("www.shop.example")
				other := "  - {name: other, acm: false, domains: [www.other.example]}\n"
				w.push(apps(byDNS("shop", "www.shop.example"), other))
				w.killedPass(m)
				if m.kind == ca.Challenge && pair.Primary.Records() != 1 {
					t.Errorf("%d records after the kill, want the one presented", pair.Primary.Records())
				}
				if !wanted {
					w.push(apps(other))
				}
				w.pass()
				wantClean(t, pair)
				if wanted {
					w.wantIssued("www.shop.example")
				}
			})
		}
	}
}
