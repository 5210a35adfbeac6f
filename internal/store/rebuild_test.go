package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
)

func salvage(t *testing.T, dir string) store.Salvaged {
	t.Helper()
	out, err := store.Salvage(t.Context(), urlIn(dir), noon)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSalvageWhatOwnersBring: one pair serves two rows, and lies in each of
// them twice. A copy that is damaged costs its own row alone.
func TestSalvageWhatOwnersBring(t *testing.T) {
	t.Parallel()
	dir, p := private(t), own(t, "*.example")
	s := open(t, urlIn(dir))
	admit(t, s, brings(p, "a.example", "b.example"))
	for _, l := range claim(t, s, noon) {
		d := l.Domain
		c := *d.Brought.Certificate
		c.IssuedAt = noon
		d.State, d.Certificate, d.Due = record.Manual, &c, time.Time{}
		release(t, s, l, d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, dir, `UPDATE certificates SET key = x'00' WHERE domain_key = 'b.example'`)
	raw(t, dir, `UPDATE brought SET chain = x'00' WHERE domain_key = 'b.example'`)
	in, err := store.Inspect(t.Context(), urlIn(dir))
	if err != nil || len(in.Damage) != 2 || in.Damage[0].Key != "b.example" || in.Damage[1].Key != "b.example" {
		t.Errorf("inspected: %v, %v", in.Damage, err)
	}
	salvage(t, dir)
	s = open(t, urlIn(dir))
	rows := domains(t, s)
	a, b := rows["a.example"], rows["b.example"]
	if a.Certificate == nil || a.Brought == nil || b.Certificate != nil || b.Brought != nil {
		t.Errorf("left: %+v and %+v", a, b)
	}
	if _, err := s.Pair(t.Context(), p.SHA256); err != nil {
		t.Errorf("the pair of the row that was whole: %v", err)
	}
	// The owner's pair is read again, and both are kept by what was salvaged.
	admit(t, s, brings(p, "b.example"))
	again := brings(p, "a.example")
	again.Pairs = nil
	again.Wants[0].Entry = "2"
	admit(t, s, again)
}

// TestSalvageAnEarlierSchema: the rows go through the migrations that they
// have before them.
func TestSalvageAnEarlierSchema(t *testing.T) {
	t.Parallel()
	dir := firstSchema(t)
	salvage(t, dir)
	if d := domains(t, open(t, urlIn(dir)))["a.example"]; d.Attempt.Count != 3 || d.App != "a" {
		t.Errorf("left: %+v", d)
	}
}

// TestSalvageCutShort: a crash between the old database's leaving and the new
// one's coming is not taken for an empty store.
func TestSalvageCutShort(t *testing.T) {
	t.Parallel()
	for _, again := range []string{"opened", "salvaged"} {
		t.Run(again, func(t *testing.T) {
			t.Parallel()
			dir, pairs := fullStore(t)
			path := filepath.Join(dir, "acmsync.db")
			salvage(t, dir)
			if err := os.Rename(path, path+".rebuilt"); err != nil {
				t.Fatal(err)
			}
			writeFile(t, path+"-wal") // the old one's, which was to leave next
			if again == "salvaged" {
				salvage(t, dir)
			}
			if left := useable(t.Context(), t, dir, pairs); left != len(pairs) {
				t.Errorf("%d of %d pairs are left", left, len(pairs))
			}
		})
	}
}
