package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestSigning: the commands of docs/operations.md, "Signed desired state", by
// git and ssh-keygen themselves.
func TestSigning(t *testing.T) {
	for _, program := range []string{"git", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(program + " is not installed: run make tools")
			}
			t.Skip(program + " is not installed: make tools installs it")
		}
	}
	testscript.Run(t, scripts("testdata/keygen"))
}
