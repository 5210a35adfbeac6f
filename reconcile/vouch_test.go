package reconcile_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s, if it is meant: go test ./reconcile -run %s -update\n%s", path, t.Name(), diff)
	}
}

// commitID is a full commit id.
func commitID(digit string) string { return strings.Repeat(digit, 40) }

func changeBy(digit string, s record.Signature, files ...string) record.Change {
	return record.Change{
		Commit: commitID(digit), Author: "Eve <eve@example.com>", Files: files, Signature: s,
		When: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

var (
	byAlice = record.Signature{Key: "SHA256:alice", Signer: "alice@example.com"}
	byAcm   = record.Signature{Key: "SHA256:own", Signer: "acmsync@example.com"}
	noOnes  = record.Signature{Fault: record.Unsigned}
)

// trails are pushes, and whether they are vouched for.
var trails = map[string]struct {
	trail reconcile.Trail
	held  bool
}{
	"signed changes": {reconcile.Trail{Leads: true, Changes: []record.Change{changeBy("c", byAlice, "apps.yaml"), changeBy("b", byAcm, "apps.yaml")}}, false},
	"nothing that is wanted was changed, by nobody": {reconcile.Trail{Leads: true, Tip: changeBy("c", noOnes)}, false},
	"an unsigned change below a signed one": {reconcile.Trail{Leads: true, Changes: []record.Change{
		changeBy("c", byAlice, "apps.yaml"), changeBy("b", noOnes, "apps/blog.yaml", "apps/shop.yaml"),
	}}, true},
	"an unsigned change":          {fault(record.Unsigned, ""), true},
	"a signature by PGP":          {fault(record.NotSSH, ""), true},
	"a signature that is none":    {fault(record.Unreadable, "it is not an SSH signature"), true},
	"another namespace":           {fault(record.OtherPurpose, "file"), true},
	"an unknown key":              {fault(record.UnknownKey, ""), true},
	"a key for other things":      {fault(record.NotForGit, "file"), true},
	"a key whose time is to come": {fault(record.TooEarly, "2026-04-01T00:00:00Z"), true},
	"a key whose time is over":    {fault(record.TooLate, "2026-02-01T00:00:00Z"), true},
	"a signature of another":      {fault(record.Forged, ""), true},
	"a rewritten branch":          {reconcile.Trail{}, true},
	"too many commits":            {reconcile.Trail{Leads: true, Cut: true}, true},
	"a certificate that was laid there before": {reconcile.Trail{
		Leads: true, Fresh: []string{"certs/o'shop.pem"}, Changes: []record.Change{changeBy("c", byAlice, "apps.yaml")},
	}, true},
	"a certificate that is brought along": {reconcile.Trail{
		Leads: true, Fresh: []string{"certs/shop.pem"}, Changes: []record.Change{changeBy("c", byAlice, "apps.yaml"), changeBy("b", byAlice, "certs/shop.pem")},
	}, false},
	"the first, signed":     {reconcile.Trail{Last: "none", Tip: changeBy("c", byAlice)}, false},
	"the first, unsigned":   {reconcile.Trail{Last: "none", Tip: changeBy("c", noOnes)}, true},
	"the first, by acmsync": {reconcile.Trail{Last: "none", Tip: changeBy("c", byAcm)}, true},
	"the first, approved":   {reconcile.Trail{Last: "none", Leads: true, Tip: changeBy("c", noOnes)}, false},
}

func fault(f record.SignatureFault, detail string) reconcile.Trail {
	s := record.Signature{Fault: f, Key: "SHA256:eve", Signer: "alice@example.com", Detail: detail}
	return reconcile.Trail{Leads: true, Changes: []record.Change{changeBy("c", s, "apps.yaml")}}
}

// TestVouch: what is held, and in which words.
func TestVouch(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(trails)) {
		c := trails[name]
		trail := c.trail
		trail.File, trail.Branch, trail.Own = "apps.yaml", "main", "SHA256:own"
		if trail.Tip.Commit == "" {
			trail.Tip.Commit = commitID("c")
		}
		if trail.Last = strings.TrimPrefix(trail.Last, "none"); c.trail.Last == "" {
			trail.Last = commitID("a")
		}
		objections := reconcile.Vouch(trail)
		if held := len(objections) > 0; held != c.held {
			t.Errorf("%s: held is %v, want %v", name, held, c.held)
		}
		fmt.Fprintf(&b, "## %s\n", name)
		for _, e := range objections {
			fmt.Fprintf(&b, "%s:%d:%d: %s\n", e.File, e.Line, e.Column, e.Message)
			if len(e.Message) > 1000 {
				t.Errorf("%s: %d characters, which status would cut", name, len(e.Message))
			}
		}
		b.WriteString("\n")
	}
	golden(t, "testdata/vouch.golden", b.String())
}

// TestVouchNamesNoMoreThanPeopleRead: of very many commits, and of long names,
// the beginning is told; the remedy always is.
func TestVouchNamesNoMoreThanPeopleRead(t *testing.T) {
	t.Parallel()
	trail := reconcile.Trail{Leads: true, Tip: record.Change{Commit: commitID("c")}, Last: commitID("a"), File: "apps.yaml"}
	for range 100 {
		c := changeBy("b", record.Signature{Fault: record.Forged, Signer: strings.Repeat("s", 5000)}, strings.Repeat("f", 5000))
		c.Author = strings.Repeat("a", 5000)
		trail.Changes = append(trail.Changes, c)
	}
	objections := reconcile.Vouch(trail)
	if len(objections) != 21 || !strings.Contains(objections[20].Message, "80 more like these") {
		t.Errorf("%d objections, the last %v", len(objections), objections[len(objections)-1])
	}
	for _, e := range objections {
		if len(e.Message) > 1000 || !strings.HasSuffix(e.Message, "acmsync approve "+commitID("c")) {
			t.Fatalf("%d characters: %s", len(e.Message), e.Message)
		}
	}
}
