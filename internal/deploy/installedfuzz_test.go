package deploy_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/acmsync/acmsync/internal/deploy"
)

// FuzzInstalled: whatever lies in a target's folder, what is given back of it can
// be served.
func FuzzInstalled(f *testing.F) {
	p := pair(f, "a.example", day(0))
	dir := f.TempDir()
	if err := deploy.NewFiles(deploy.FilesConfig{Dir: dir}).Install(f.Context(), p); err != nil {
		f.Fatal(err)
	}
	good := read(f, filepath.Join(dir, "a.example"))
	for _, seed := range [][2]string{
		{good["fullchain.pem"], good["privkey.pem"]},
		{good["chain.pem"], good["privkey.pem"]},
		{good["privkey.pem"], good["fullchain.pem"]},
		{good["fullchain.pem"][:100], good["privkey.pem"][:50]},
		{"", ""},
		{"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "\x00"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]), "20261124T100000Z-0123456789abcdef")
	}
	f.Add([]byte(good["fullchain.pem"]), []byte(good["privkey.pem"]), "not-a-time")
	f.Fuzz(func(t *testing.T, chain, key []byte, version string) {
		if version == "" || version == "." || version == ".." || filepath.Base(version) != version || len(version) > 100 {
			return // no folder is called so
		}
		dir := t.TempDir()
		at := filepath.Join(dir, ".versions", "a.example", version)
		if err := os.MkdirAll(at, 0o700); err != nil {
			return // nor so
		}
		for name, content := range map[string][]byte{
			"cert.pem": chain, "chain.pem": nil, "fullchain.pem": chain, "privkey.pem": key, "combined.pem": nil,
		} {
			if err := os.WriteFile(filepath.Join(at, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(filepath.Join(".versions", "a.example", version), filepath.Join(dir, "a.example")); err != nil {
			t.Fatal(err)
		}
		got, found, err := deploy.NewFiles(deploy.FilesConfig{Dir: dir}).Installed("a.example")
		if err != nil {
			t.Fatal(err)
		}
		_, served := tls.X509KeyPair(chain, key)
		if found && served != nil || found && string(got.Chain) != string(chain) {
			t.Errorf("given back, and cannot be served: %v", served)
		}
	})
}
