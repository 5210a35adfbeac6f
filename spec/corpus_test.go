package spec_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// TestCorpus reads testdata: valid_*.yaml gives the apps in its golden file,
// busted_FAULT.yaml all the errors in its own. Each busted file has one fault,
// in as many spellings as it has.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, path := range corpus(t, "*") {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := parseOne(t, "apps/"+name, readFile(t, path))
			busted := strings.HasPrefix(name, "busted_")
			if busted != (len(parsed.Errors) > 0) {
				t.Errorf("%d errors: %v", len(parsed.Errors), parsed.Errors)
			}
			if busted && parsed.Apps != nil {
				t.Error("a refused file has apps")
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".golden", show(t, parsed))
		})
	}
}

// show is a file's errors, one a line, or its apps.
func show(t *testing.T, p spec.Parsed) []byte {
	t.Helper()
	if len(p.Errors) == 0 {
		text, err := json.MarshalIndent(p.Apps, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return append(text, '\n')
	}
	var out strings.Builder
	for _, err := range p.Errors {
		out.WriteString(err.Error() + "\n")
	}
	return []byte(out.String())
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFile(t, path)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// corpus lists the YAML files of testdata whose names begin like that.
func corpus(t testing.TB, begins string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", begins+".yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	return paths
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parseOne(t testing.TB, path string, text []byte) spec.Parsed {
	t.Helper()
	parsed := spec.Parse([]spec.File{{Path: path, Bytes: text}}, spec.Options{})
	if len(parsed) != 1 || parsed[0].Path != path {
		t.Fatalf("one file in, out came %+v", parsed)
	}
	return parsed[0]
}
