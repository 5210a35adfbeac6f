package failure_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
)

var update = flag.Bool("update", false, "write the README's table of reasons anew")

const (
	reasonsBegin = "<!-- reasons:begin -->\n"
	reasonsEnd   = "<!-- reasons:end -->\n"
)

// TestREADME keeps the list that people match on equal to the list that the
// program uses.
func TestREADME(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), reasonsBegin)
	have, after, ends := strings.Cut(rest, reasonsEnd)
	if !begins || !ends {
		t.Fatalf("README.md has lost its markers %s and %s", strings.TrimSpace(reasonsBegin), strings.TrimSpace(reasonsEnd))
	}
	want := reasonsTable()
	if *update {
		if err := os.WriteFile(path, []byte(before+reasonsBegin+want+reasonsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("stale; run: go test ./internal/failure -run TestREADME -update (-want +have):\n%s", diff)
	}
}

func reasonsTable() string {
	var b strings.Builder
	b.WriteString("| reason | title | who acts | tried again |\n|---|---|---|---|\n")
	for _, r := range failure.All() {
		fmt.Fprintf(&b, "| [`%s`](docs/reasons/%s.md) | %s | %s | %s |\n", r.Code, r.Code, r.Title, actors[r.Actor], retries[r.Retry])
	}
	return b.String()
}
