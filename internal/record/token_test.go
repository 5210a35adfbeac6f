package record_test

import (
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

func TestValidToken(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", "-_-", strings.Repeat("a", 128)} {
		if !record.ValidToken(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", ".", "..", "a/b", "../a", `a\b`, "a.b", "a b", "a\n", "\x00", "é", "a=", "a%2f", strings.Repeat("a", 129)} {
		if record.ValidToken(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}
