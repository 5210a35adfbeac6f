package challenge_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/acmsync/acmsync/internal/challenge"
	"github.com/acmsync/acmsync/internal/record"
)

func TestHoldKeepsThePortUntilNobodyNeedsIt(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	l, other := newListener(t, addr), newListener(t, addr)
	var releases [2]func()
	for i := range releases {
		var err error
		if releases[i], err = l.Hold(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var place *challenge.PlaceError
	if _, err := other.Hold(t.Context()); !errors.As(err, &place) || place.Setting != "challenge.http01.listen" || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	releases[0]()
	present(t, l, "a")
	cleanUp(t, l, "a")
	present(t, l, "b")
	releases[1]()
	answers(t, addr, "b")
	cleanUp(t, l, "b")
	refuses(t, addr)
}

func TestHoldTriesTheWebroot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := challenge.Webroot{Dir: dir}.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	if entries, err := os.ReadDir(filepath.Join(dir, record.ChallengePath)); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
	var place *challenge.PlaceError
	missing := filepath.Join(dir, "missing")
	if _, err := (challenge.Webroot{Dir: missing}).Hold(t.Context()); !errors.As(err, &place) || !strings.HasPrefix(err.Error(), "challenge.http01.dir: ") || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
}
