//go:build unix

package controller_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestKilledWithRecordsInDNS: the pass after the kill takes them away, whether it
// finishes the order, nobody wants it any more, or it is left as it is because
// its removal is held.
func TestKilledWithRecordsInDNS(t *testing.T) {
	t.Parallel()
	const other = "  - {name: other, acm: false, domains: [www.other.example]}\n"
	then := map[string]string{
		"still wanted": "", "then removed": apps(other), "then held": "apiVersion: acmsync/v1\napps: []\n",
	}
	for _, m := range []moment{{ca.Challenge, unheard}, {ca.Challenge, unanswered}, {ca.Finalize, unheard}} {
		for what, push := range then {
			t.Run(string(m.kind)+" "+m.how+", "+what, func(t *testing.T) {
				t.Parallel()
				w, pair := zoned(t, "shop.example", atOnce)
				w.plan.RevokeAfter = 0
				w.Point("www.shop.example")
				w.push(apps(byDNS("shop", "www.shop.example"), other))
				w.killedPass(m)
				if m.kind == ca.Challenge && pair.Primary.Records() != 1 {
					t.Errorf("%d records after the kill, want the one presented", pair.Primary.Records())
				}
				if push != "" {
					w.push(push)
				}
				w.pass()
				wantClean(t, pair)
				if push == "" {
					w.wantIssued("www.shop.example")
				}
			})
		}
	}
}
