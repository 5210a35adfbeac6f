package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/leak"
	"github.com/acmsync/acmsync/spec"
)

func TestMain(m *testing.M) {
	testscript.Main(leaving{m}, map[string]func(){"acmsync": main, "acmsync-watched": watched})
}

// leaving holds all tests together to leave no goroutine behind.
type leaving struct{ *testing.M }

// Run runs them; see testscript.Main.
func (l leaving) Run() int {
	code := l.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(leak.Allowed()...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestScripts runs the program as a user does, each script with a lab of its
// own. script_test.go says what scripts can do beside testscript's commands.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("git is not installed")
	}
	testscript.Run(t, scripts("testdata"))
}

func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir:   dir,
		Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "lab": labCommand, "snapshot": snapshot, "unchanged": unchanged,
			"terminate": terminate, "tty": tty, "jsonpath": jsonPath, "documented": documented,
		},
	}
}

// TestPublishedSchema: what editors download is what this version prints.
func TestPublishedSchema(t *testing.T) {
	t.Parallel()
	published, err := os.ReadFile("../../docs/apps.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(spec.Schema()), string(published)); diff != "" {
		t.Errorf("docs/apps.schema.json is out of date; run: acmsync schema > docs/apps.schema.json\n%s", diff)
	}
}

// code runs a command that must end with the exit code: code 3 acmsync sync.
// Whatever acmsync prints is searched for secrets.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := exitCode(ts.Exec(args[1], args[2:]...))
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
	worldOf(ts).searchSecrets(ts, "stdout", ts.ReadFile("stdout"))
	worldOf(ts).searchSecrets(ts, "stderr", ts.ReadFile("stderr"))
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// jsonPath compares a value in the JSON on standard output, as compact JSON:
// jsonpath actions.0.action '"issue"'.
func jsonPath(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: jsonpath path value")
	}
	var at any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &at))
	for _, step := range strings.Split(args[0], ".") {
		at = descend(at, step)
	}
	var got bytes.Buffer
	ts.Check(json.NewEncoder(&got).Encode(at))
	if same := strings.TrimSpace(got.String()) == args[1]; same == neg {
		ts.Fatalf("%s is %s", args[0], got.String())
	}
}

func descend(at any, step string) any {
	switch v := at.(type) {
	case map[string]any:
		return v[step]
	case []any:
		if step == "length" {
			return len(v)
		}
		if i, err := strconv.Atoi(step); err == nil && i < len(v) {
			return v[i]
		}
	}
	return fmt.Sprintf("nothing at %s", step)
}
