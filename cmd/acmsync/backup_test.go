package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestBackup runs the scripts that need SQLite's own shell, as operators do.
func TestBackup(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sqlite3 is not installed: run make tools")
		}
		t.Skip("sqlite3 is not installed: make tools installs it")
	}
	testscript.Run(t, scripts("testdata/sqlite3"))
}

// documented runs commands as docs/operations.md has them, by section and
// number, with its folders replaced by the script's.
func documented(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: documented section number")
	}
	page, err := os.ReadFile("../../docs/operations.md")
	ts.Check(err)
	_, section, found := strings.Cut(string(page), "\n## "+args[0]+"\n")
	if !found {
		ts.Fatalf("docs/operations.md has no section %s", args[0])
	}
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```sh\n")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n >= len(blocks) {
		ts.Fatalf("section %s has no commands %d", args[0], n)
	}
	commands, _, _ := strings.Cut(blocks[n], "```")
	ours := strings.NewReplacer("/var/lib/acmsync/", ts.MkAbs("lab/state")+"/", "/backup/", ts.MkAbs("backup")+"/").Replace(commands)
	if ours == commands {
		ts.Fatalf("the commands name no folder that a script has: %s", commands)
	}
	ts.Check(ts.Exec("sh", "-euc", ours))
}
