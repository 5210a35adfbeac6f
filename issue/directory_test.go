package issue_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestDirectoryIsBelievedSoFar: owners are told to put a CA's names into CAA
// records, so what cannot stand there is none.
func TestDirectoryIsBelievedSoFar(t *testing.T) {
	t.Parallel()
	l := newLab(t, ca.Options{})
	long := strings.Repeat("x", 60_000)
	l.authority.Fault(ca.Of(ca.Directory), ca.Fault{Status: http.StatusOK, Body: `{
		"newNonce": "https://ca.test/n", "newAccount": "https://ca.test/a", "newOrder": "https://ca.test/o",
		"meta": {"termsOfService": "` + long + `", "caaIdentities": [
			"ca.test", "CA-2.test.", "", "a b.test", "ca.test\u202e", "ca.test\"; x=y", "-.test", "ca..test", "` + long + `",
			"localhost"` + strings.Repeat(`, "more.test"`, 100) + `]}}`})
	d, _, err := l.client().Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ca.test", "CA-2.test.", "localhost", "more.test"}, d.CAAIdentities[:4]); diff != "" {
		t.Error(diff)
	}
	if len(d.CAAIdentities) != 16 || len(d.TermsOfService) > 310 {
		t.Errorf("%d names, and terms of %d bytes", len(d.CAAIdentities), len(d.TermsOfService))
	}
}
