package diagnose

import (
	"net/netip"
	"strings"
	"testing"
)

// An answer over TCP has room for thousands of records; what is said of them is
// as short as ever, and says how many there are.
func TestThousandsOfRecords(t *testing.T) {
	t.Parallel()
	var all []netip.Addr
	for i := range 4000 {
		all = append(all, netip.AddrFrom4([4]byte{8, 8, byte(i >> 8), byte(i)}))
	}
	c := explainCase{seen: seen(plain(all, nil))}
	found := Explain(platform(), c.question(), c.seen, nil)
	if len(found) != 1 || found[0].Code != "incorrect-dns" {
		t.Fatalf("%+v", found)
	}
	f := found[0]
	if !strings.Contains(f.Message, "8.8.0.7 and 3992 more") || len(f.Message) > 400 {
		t.Errorf("%s", f.Message)
	}
	if len(f.Observed) != maxObserved || f.Fix == nil || len(f.Fix.Remove) > maxObserved {
		t.Errorf("%d records, %+v", len(f.Observed), f.Fix)
	}
}
