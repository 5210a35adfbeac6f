//go:build !demo

package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestReleasedBinaryHasNoDemo, and says where it is.
func TestReleasedBinaryHasNoDemo(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	code := runMain([]string{"demo", "--dir", "x"}, console{out: &out, err: &errs})
	if code != exitFailure || !strings.Contains(errs.String(), "run make demo where acmsync's source is") {
		t.Errorf("exit code %d, and it says %q", code, &errs)
	}
}
