package deploy_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
)

// Who removes after a long sleep knows less than who installed meanwhile.
func TestRemoveLeavesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: t.TempDir()})
	old, newer := pair(t, "a.example", day(0)), pair(t, "a.example", day(1))
	install(t, target, old)
	install(t, target, newer)
	if err := target.Remove(t.Context(), "a.example", []string{old.SHA256}); err != nil {
		t.Fatal(err)
	}
	if holds, err := target.Holds("a.example", newer.SHA256); err != nil || !holds {
		t.Errorf("the newer pair is gone (%v)", err)
	}
	if err := target.Remove(t.Context(), "a.example", []string{old.SHA256, newer.SHA256}); err != nil {
		t.Fatal(err)
	}
	if holds, err := target.Holds("a.example", newer.SHA256); err != nil || holds {
		t.Errorf("it is still there (%v)", err)
	}
}
