package arch_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of promises in docs/reliability.md")

// promise is something that users may rely on, and what keeps it.
type promise struct {
	text   string
	proofs []proof
}

// proof is one protection that a promise rests on, and the test that misses it
// when it is taken out.
type proof struct {
	test string // folder of the package and name of the test
	what string // what the protection does, as people read it
	file string // where it is
	// kept is its text, once in the file; lost is the text without it.
	kept, lost string
}

// TestPromises: every protection is still where its proof takes it out, and the
// test that is to miss it exists.
func TestPromises(t *testing.T) {
	t.Parallel()
	for i, p := range everything {
		if len(p.proofs) == 0 {
			t.Errorf("promise %d has no proof", i+1)
		}
		for _, proof := range p.proofs {
			if err := proof.stands(); err != nil {
				t.Errorf("promise %d: %v", i+1, err)
			}
		}
	}
}

func (p proof) stands() error {
	text, err := os.ReadFile(filepath.Join("..", "..", p.file))
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), p.kept); n != 1 {
		return fmt.Errorf("%s has this %d times, want once: %s", p.file, n, p.kept)
	}
	if p.kept == p.lost {
		return fmt.Errorf("%s: nothing is taken out", p.file)
	}
	folder, name, _ := strings.Cut(p.test, " ")
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return nil
		}
	}
	return fmt.Errorf("there is no test %s", p.test)
}

// TestPromisesAreTested takes out each protection in turn and wants the test
// that is to miss it to fail. It builds a test program for each, so it takes
// minutes; make promises runs it.
func TestPromisesAreTested(t *testing.T) {
	if os.Getenv("ACMSYNC_PROMISES") == "" {
		t.Skip("dozens of builds; run: make promises")
	}
	for i, p := range everything {
		for _, proof := range p.proofs {
			t.Run(fmt.Sprintf("%d/%s", i+1, proof.what), func(t *testing.T) {
				out, err := proof.withoutIt(t)
				switch {
				case err == nil:
					t.Errorf("%s passes without it:\n%s", proof.test, out)
				case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
					t.Errorf("it does not build without it:\n%s", out)
				case !strings.Contains(out, "--- FAIL: ") && !strings.Contains(out, "panic: "):
					t.Errorf("%v:\n%s", err, out)
				}
			})
		}
	}
}

// withoutIt runs the proof's test on the source without the protection, which
// only the compiler gets to see.
func (p proof) withoutIt(t *testing.T) (output string, err error) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, p.file))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, p.file): changed}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, changed, []byte(strings.Replace(string(text), p.kept, p.lost, 1)))
	write(t, overlay, replaced)
	folder, name, _ := strings.Cut(p.test, " ")
	c := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-timeout=5m", "-overlay="+overlay, "-run=^"+name+"$", "./"+folder)
	c.Dir = root
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	promisesBegin = "<!-- promises:begin -->\n"
	promisesEnd   = "<!-- promises:end -->\n"
)

// TestPromisesAreDocumented holds the pages to the tables.
func TestPromisesAreDocumented(t *testing.T) {
	t.Parallel()
	holdPage(t, "reliability.md", promises)
	holdPage(t, "security.md", guards)
}

func holdPage(t *testing.T, page string, all []promise) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", page)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(content), promisesBegin)
	have, after, ends := strings.Cut(rest, promisesEnd)
	if !begins || !ends {
		t.Fatalf("%s has lost its markers", path)
	}
	want := promisesTable(all)
	if *update {
		write(t, path, []byte(before+promisesBegin+want+promisesEnd+after))
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%s is stale; run: go test ./internal/arch -run TestPromisesAreDocumented -update (-want +have):\n%s", path, diff)
	}
}

func promisesTable(all []promise) string {
	var b strings.Builder
	b.WriteString("| promise | what keeps it | where | the test that fails without it |\n|---|---|---|---|\n")
	for i, p := range all {
		first := fmt.Sprintf("**%d.** %s", i+1, p.text)
		for _, proof := range p.proofs {
			folder, name, _ := strings.Cut(proof.test, " ")
			fmt.Fprintf(&b, "| %s | %s | `%s` | `%s` in `%s` |\n", first, proof.what, proof.file, name, folder)
			first = ""
		}
	}
	return b.String()
}
