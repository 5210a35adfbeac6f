package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Watch tells see of every change to the disk before it is made.
func (f *Files) Watch(see func(change, path string)) {
	f.disk.before = func(change, path string) error {
		see(change, path)
		return nil
	}
}

// TestFlushAsksTheSystem: a closed file cannot be synced, and that is said.
func TestFlushAsksTheSystem(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join((disk{}).flush(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := (disk{}).flush(f); !errors.Is(err, os.ErrClosed) {
		t.Errorf("flushing a closed file gave %v", err)
	}
}
