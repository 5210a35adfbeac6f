package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/settings"
)

func checkout(t *testing.T, remote string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, ".git", "config"), "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = "+remote+"\n")
	return root
}

func TestInsideCheckout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		remote, repository string
		inside             bool
	}{
		{"https://git.example.com/platform/domains.git", "https://git.example.com/platform/domains.git", true},
		{"git@git.example.com:platform/domains.git", "https://bot@GIT.example.com/platform/domains/", true},
		{"ssh://git@git.example.com:2222/platform/domains", "git@git.example.com:platform/domains.git", true},
		{"https://git.example.com/platform/other.git", "https://git.example.com/platform/domains.git", false},
		{"https://elsewhere.example/platform/domains.git", "https://git.example.com/platform/domains.git", false},
		{"/srv/git/domains.git", "/srv/git/domains.git", true},
	} {
		root := checkout(t, c.remote)
		for _, at := range []string{"acmsync.yaml", "ops/acmsync.yaml"} {
			got, inside := settings.InsideCheckout(filepath.Join(root, at), c.repository)
			if inside != c.inside || inside && got != root {
				t.Errorf("%s of %s in a checkout of %s: %q, %v", at, c.repository, c.remote, got, inside)
			}
		}
	}
}

func TestLinkedWorktreeAndOwnWorkingTreeAreCheckouts(t *testing.T) {
	t.Parallel()
	main := checkout(t, "https://git.example.com/x.git")
	linked := filepath.Join(t.TempDir(), "linked")
	write(t, filepath.Join(main, ".git/worktrees/linked/commondir"), "../..\n")
	write(t, filepath.Join(linked, ".git"), "gitdir: "+filepath.Join(main, ".git/worktrees/linked")+"\n")
	if _, inside := settings.InsideCheckout(filepath.Join(linked, "acmsync.yaml"), "https://git.example.com/x"); !inside {
		t.Error("a linked worktree is not seen as a checkout")
	}
	if _, inside := settings.InsideCheckout(filepath.Join(main, "acmsync.yaml"), main); !inside {
		t.Error("the repository's own working tree is not seen as a checkout")
	}
}

func TestSettingsInsideTheirOwnRepositoryAreNotTrusted(t *testing.T) {
	t.Parallel()
	root := checkout(t, "git@git.example.com:platform/domains.git")
	path := filepath.Join(root, "acmsync.yaml")
	write(t, path, minimal+"deploy: [{name: edge, files: {dir: /srv/live}, hook: [sh, -c, evil]}]\n")

	if _, err := settings.Load(settings.Source{Path: path}); err == nil || !strings.Contains(err.Error(), "inside a checkout of repository.url") {
		t.Errorf("found by default: %v", err)
	}
	got, err := settings.Load(settings.Source{Path: path, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Deploy[0].Hook != nil {
		t.Errorf("the hook %v would be run", got.Deploy[0].Hook)
	}
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "deploy[0].hook: is ignored") {
		t.Errorf("warnings: %q", got.Warnings)
	}
}

func TestStateInsideACheckoutIsRefused(t *testing.T) {
	t.Parallel()
	root := checkout(t, "git@git.example.com:platform/domains.git")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	for key, val := range map[string]string{
		"store.url": "sqlite://" + root + "/state/acmsync.db", "acme.accountKeyFile": filepath.Join(link, "account.pem"),
	} {
		_, err := settings.Load(settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal), Flags: map[string]string{key: val}})
		if err == nil || !strings.Contains(err.Error(), key+": ") || !strings.Contains(err.Error(), "private keys could be committed") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestSettingsPrintNoMoreThanWhereTheyLead(t *testing.T) {
	t.Parallel()
	s := mustLoad(t, settings.Source{Path: "acmsync.yaml", Bytes: []byte(minimal + "deploy: [{name: a, files: {dir: x}, hook: [curl, -H, 'Authorization: hunter2']}]\n")})
	if s.Deploy[0].Hook[2] != "Authorization: hunter2" {
		t.Fatal("the hook is not read")
	}
	if strings.Contains(s.String()+s.GoString(), "hunter2") {
		t.Error(s.String())
	}
}
