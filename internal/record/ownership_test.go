package record_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

// TestProofs pins the records: owners have them in their zones.
func TestProofs(t *testing.T) {
	t.Parallel()
	p := record.Platform{VerifyOwnership: true, Thumbprint: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}
	got := p.Proofs("a.www.shop.co.uk", "shop.co.uk", "shop")
	want := []record.RR{
		{Type: "TXT", Name: "_acmsync.a.www.shop.co.uk", Value: "acmsync-app=shop; acmsync-proof=aawla3xpjhx4wpkf6dycm3ftjoznzdtt"},
		{Type: "TXT", Name: "_acmsync.www.shop.co.uk", Value: "acmsync-app=shop; acmsync-proof=vaj5snwhmpsged73bqw62mxis4y3jb42"},
		{Type: "TXT", Name: "_acmsync.shop.co.uk", Value: "acmsync-app=shop; acmsync-proof=aeodscazhrxvzjvvvnvbebyztyzhlp3u"},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if wild := p.Proofs("*.shop.co.uk", "shop.co.uk", "shop"); len(wild) != 1 || wild[0] != want[2] {
		t.Errorf("a wildcard's is that of the name below its asterisk: %+v", wild)
	}
	if suffix := p.Proofs("intranet", "intranet", "shop"); len(suffix) != 1 || suffix[0].Name != "_acmsync.intranet" {
		t.Errorf("a name that is its own registered domain: %+v", suffix)
	}
	other := p
	other.Thumbprint = "another"
	seen := map[string]bool{}
	for _, rr := range []record.RR{
		want[2], p.Proofs("shop.co.uk", "shop.co.uk", "blog")[0], p.Proofs("blog.co.uk", "blog.co.uk", "shop")[0],
		other.Proofs("shop.co.uk", "shop.co.uk", "shop")[0],
	} {
		mark := rr.Value[len(rr.Value)-32:]
		if seen[mark] {
			t.Errorf("%+v proves something else too", rr)
		}
		seen[mark] = true
	}
	longest := p.Proofs("shop.co.uk", "shop.co.uk", "a123456789012345678901234567890123456789012345678901234567890bc")[0]
	if len(longest.Value) > 255 {
		t.Errorf("%d bytes do not fit into one character-string (RFC 1035, section 3.3)", len(longest.Value))
	}
	p.VerifyOwnership = false
	if p.Proofs("shop.co.uk", "shop.co.uk", "shop") != nil {
		t.Error("a platform that asks for no proof names one")
	}
}
