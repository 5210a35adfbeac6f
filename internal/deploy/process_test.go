package deploy_test

import (
	"encoding/pem"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const nonblock = syscall.O_NONBLOCK

// end ends the process whose id a hook left in a file.
func end(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the daemon is gone: %v", err)
	}
}

func leaf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(files["cert.pem"]))
	if block == nil {
		t.Fatal("no certificate")
	}
	return block.Bytes
}
