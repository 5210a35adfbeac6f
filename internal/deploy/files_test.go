package deploy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestInstallLaysOutOnePair(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "live")
	target := deploy.NewFiles(deploy.FilesConfig{Name: "edge", Dir: dir})
	p := pair(t, "www.shop.example", day(0))
	install(t, target, p)

	folder := filepath.Join(dir, "www.shop.example")
	leaf, issuers, _ := strings.Cut(string(p.Chain), "-----END CERTIFICATE-----\n")
	leaf += "-----END CERTIFICATE-----\n"
	want := map[string]string{
		"cert.pem": leaf, "chain.pem": issuers, "fullchain.pem": string(p.Chain),
		"privkey.pem": string([]byte(p.Key)), "combined.pem": string(p.Chain) + string([]byte(p.Key)),
	}
	if diff := cmp.Diff(want, read(t, folder)); diff != "" {
		t.Error(diff)
	}
	for name, mode := range map[string]fs.FileMode{
		dir: 0o700, filepath.Join(dir, ".versions"): 0o700, filepath.Join(dir, ".versions/www.shop.example"): 0o700, folder: 0o700,
		filepath.Join(folder, "privkey.pem"): 0o600, filepath.Join(folder, "combined.pem"): 0o600,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, mode)
		}
	}
	to, err := os.Readlink(folder)
	if err != nil || !strings.HasPrefix(to, ".versions/www.shop.example/") {
		t.Errorf("the link leads to %q: %v", to, err)
	}
}

func TestWildcardFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	install(t, target, pair(t, "*.shop.example", day(0)))
	if _, err := os.Stat(filepath.Join(dir, "_wildcard.shop.example", "privkey.pem")); err != nil {
		t.Error(err)
	}
}

func TestRenewalsKeepTheVersionBeforeAndNoMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	for n := range 4 {
		p := pair(t, "a.example", day(n))
		install(t, target, p)
		install(t, target, p)
		serves(t, dir, p)
	}
	if versions := entries(t, filepath.Join(dir, ".versions/a.example")); len(versions) != 2 {
		t.Errorf("versions: %q", versions)
	}
	if names := entries(t, dir); len(names) != 2 {
		t.Errorf("leftovers beside the link: %q", names)
	}
}

func TestInstallAgainWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	p := pair(t, "a.example", day(0))
	install(t, target, p)
	before, _ := os.Readlink(filepath.Join(dir, "a.example"))
	install(t, target, p)
	if after, _ := os.Readlink(filepath.Join(dir, "a.example")); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

func TestDamageIsMended(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(folder string) error{
		"truncated key": func(folder string) error { return os.Truncate(filepath.Join(folder, "privkey.pem"), 10) },
		"missing file":  func(folder string) error { return os.Remove(filepath.Join(folder, "chain.pem")) },
		"dangling link": func(folder string) error {
			to, err := filepath.EvalSymlinks(folder)
			return errors.Join(err, os.RemoveAll(to))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
			p := pair(t, "a.example", day(0))
			install(t, target, p)
			if err := damage(filepath.Join(dir, "a.example")); err != nil {
				t.Fatal(err)
			}
			install(t, target, p)
			serves(t, dir, p)
		})
	}
}

func TestAnOlderPairNeverReplacesANewerOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	older, newer := pair(t, "a.example", day(0)), pair(t, "a.example", day(1))
	install(t, target, newer)
	err := target.Install(t.Context(), older)
	var refusal *deploy.NewerError
	if !errors.As(err, &refusal) || refusal.SHA256 != newer.SHA256 {
		t.Fatalf("got %v", err)
	}
	serves(t, dir, newer)

	// A CA that dates back further: begun earlier, kept later.
	backdated := pair(t, "a.example", day(1).Add(-time.Hour))
	backdated.IssuedAt = day(2)
	install(t, target, backdated)
	serves(t, dir, backdated)
}

func TestAnExpiredPairIsReplacedWhateverItsDates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	expired := pairUntil(t, "a.example", day(1), time.Now().Add(-time.Hour))
	install(t, target, expired)
	good := pair(t, "a.example", day(0))
	install(t, target, good)
	serves(t, dir, good)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	good, other := pair(t, "a.example", day(0)), pair(t, "b.example", day(0))
	wrongKey, wrongName, wrongSum, noChain, keyInChain := good, other, good, good, good
	wrongKey.Key = other.Key
	wrongName.Names = []string{"a.example"}
	wrongSum.SHA256 = other.SHA256
	noChain.Chain = nil
	keyInChain.Chain = append(append([]byte{}, good.Chain...), good.Key...)
	for what, p := range map[string]record.Pair{
		"key": wrongKey, "name": wrongName, "fingerprint": wrongSum, "chain": noChain, "key in chain": keyInChain,
	} {
		dir := t.TempDir()
		if err := deploy.NewFiles(deploy.FilesConfig{Dir: dir}).Install(t.Context(), p); err == nil {
			t.Errorf("a wrong %s was installed", what)
		} else if strings.Contains(err.Error(), "PRIVATE KEY-----") {
			t.Errorf("the error shows a key: %v", err)
		}
		if left := entries(t, dir); len(left) != 0 {
			t.Errorf("wrong %s: something was written: %q", what, left)
		}
	}
	for _, name := range []string{"", ".", "..", "../x", "a/../../x", ".versions", "*.", "*", "_wildcard.a.example", "A.example", "a..b", "a\x00b"} {
		p := good
		p.Names = []string{name}
		target := deploy.NewFiles(deploy.FilesConfig{Dir: t.TempDir()})
		if err := target.Install(t.Context(), p); err == nil || !strings.Contains(err.Error(), "is not a host name") {
			t.Errorf("install %q: %v", name, err)
		}
		if err := target.Remove(t.Context(), name, nil); err == nil || !strings.Contains(err.Error(), "is not a host name") {
			t.Errorf("remove %q: %v", name, err)
		}
	}
}

func TestAFolderThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	theirs := filepath.Join(dir, "a.example", "privkey.pem")
	if err := errors.Join(os.Mkdir(filepath.Dir(theirs), 0o700), os.WriteFile(theirs, []byte("theirs"), 0o600)); err != nil {
		t.Fatal(err)
	}
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	if err := target.Install(t.Context(), pair(t, "a.example", day(0))); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("install: %v", err)
	}
	if err := target.Remove(t.Context(), "a.example", nil); err == nil {
		t.Error("removed")
	}
	if content, _ := os.ReadFile(theirs); string(content) != "theirs" {
		t.Errorf("became %q", content)
	}
}

func TestRemoveLeavesNothingAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
	ours := pair(t, "a.example", day(0))
	install(t, target, ours)
	install(t, target, pair(t, "b.example", day(0)))
	for range 2 {
		if err := target.Remove(t.Context(), "a.example", []string{ours.SHA256}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{".versions", "b.example"}, entries(t, dir)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b.example"}, entries(t, filepath.Join(dir, ".versions"))); diff != "" {
		t.Error(diff)
	}
}

func TestManyInstallsAtOnceLeaveWholePairs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var pairs []record.Pair
	for n := range 8 {
		pairs = append(pairs, pair(t, "a.example", day(n)))
	}
	var wg sync.WaitGroup
	for n := range pairs {
		// Each its own target, as two processes would have.
		target := deploy.NewFiles(deploy.FilesConfig{Dir: dir})
		wg.Go(func() {
			var refusal *deploy.NewerError
			if err := target.Install(context.Background(), pairs[n]); err != nil && !errors.As(err, &refusal) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	serves(t, dir, pairs[len(pairs)-1])
	if versions := entries(t, filepath.Join(dir, ".versions/a.example")); len(versions) > 2 {
		t.Errorf("versions: %q", versions)
	}
}

func install(t *testing.T, target *deploy.Files, p record.Pair) {
	t.Helper()
	if err := target.Install(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// serves fails unless a server reading the name's folder gets exactly p.
func serves(t *testing.T, dir string, p record.Pair) {
	t.Helper()
	folder := filepath.Join(dir, p.Names[0])
	got, err := tls.LoadX509KeyPair(filepath.Join(folder, "fullchain.pem"), filepath.Join(folder, "privkey.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fingerprint(got.Leaf.Raw); sum != p.SHA256 {
		t.Errorf("serves %s (from %s), want %s (from %s)", sum, got.Leaf.NotBefore, p.SHA256, p.NotBefore)
	}
}

func entries(t testing.TB, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func read(t testing.TB, dir string) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, name := range entries(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		content[name] = string(b)
	}
	return content
}
