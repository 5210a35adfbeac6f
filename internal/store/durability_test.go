package store

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// TestCommitsAreOnDisk asks the connections themselves: what was committed must
// survive a power cut (synchronous 2 is FULL), and readers must not wait for
// the writer.
func TestCommitsAreOnDisk(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "state", "acmsync.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, db := range map[string]*sql.DB{"write": s.write, "read": s.read} {
		for pragma, want := range map[string]string{
			"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "5000",
		} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s of the pool to %s is %q, %v; want %s", pragma, name, got, err, want)
			}
		}
	}
}
