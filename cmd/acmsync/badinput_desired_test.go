package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// begun is how every file of desired state begins.
	begun = "apiVersion: acmsync/v1\n"
	shop  = begun + "apps:\n  - name: shop\n    domains: [www.shop.example]\n"
)

// TestBadDesiredState: what owners push, as acmsync validate tells them before
// they do. Each of the parser's own corpus is met too.
func TestBadDesiredState(t *testing.T) {
	t.Parallel()
	var rows []badInput
	faults, err := filepath.Glob(filepath.Join("..", "..", "spec", "testdata", "busted_*.yaml"))
	if err != nil || len(faults) < 50 {
		t.Fatalf("%d files, %v", len(faults), err)
	}
	for _, fault := range faults {
		content, err := os.ReadFile(fault)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(fault), "busted_"), ".yaml")
		file := "apps.yaml"
		if strings.HasPrefix(name, "single") {
			file = "apps/shop.yaml"
		}
		rows = append(rows, desired(strings.ReplaceAll(name, "_", " "), map[string]string{file: string(content)}))
	}
	checkMet(t, "desired-state", 70, meetAll(t, append(rows, badFolders()...)))
}

// desired is a folder of files that are checked.
func desired(name string, files map[string]string) badInput {
	return badInput{name: name, files: files, args: []string{"validate", "DIR"}}
}

// badFolders are files that are bad beside others, or not there.
func badFolders() []badInput {
	with := func(path, content string, more map[string]string) map[string]string {
		files := map[string]string{path: content}
		maps.Copy(files, more)
		return files
	}
	brought := begun + "name: shop\ncertificate: {chain: certs/shop.pem, key: certs/shop.key}\ndomains: [www.shop.example]\n"
	linked := desired("a symbolic link", nil)
	linked.links = map[string]string{"apps.yaml": "/etc/passwd"}
	nowhere := desired("a folder that is not there", nil)
	nowhere.args = []string{"validate", "DIR/nowhere"}
	file := desired("a file for a folder", map[string]string{"apps.yaml": shop})
	file.args = []string{"validate", "DIR/apps.yaml"}
	return []badInput{
		desired("no desired state in the folder", map[string]string{"README.md": "hello\n"}),
		nowhere, file, linked,
		desired("two layouts at once", map[string]string{"apps.yaml": shop, "apps/shop.yaml": begun + "name: shop\ndomains: []\n"}),
		desired("one app in two files", map[string]string{"apps/a.yaml": begun + "name: shop\ndomains: []\n", "apps/b.yaml": begun + "name: shop\ndomains: []\n"}),
		desired("too large", map[string]string{"apps.yaml": shop + strings.Repeat("# more\n", 200_000)}),
		desired("a pointer of Git LFS", map[string]string{"apps.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:4665\nsize 1\n"}),
		desired("a page of a forge", map[string]string{"apps.yaml": "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"}),
		desired("JSON cut off", map[string]string{"apps.yaml": `{"apiVersion": "acmsync/v1", "apps": [{"name": "sh`}),
		desired("bytes of something else", map[string]string{"apps.yaml": "\x00\x01\x02\x03\x7fELF"}),
		desired("certificate that is not there", map[string]string{"apps/shop.yaml": brought}),
		desired("certificate that is none", with("apps/shop.yaml", brought, map[string]string{"apps/certs/shop.pem": "hello\n", "apps/certs/shop.key": "hello\n", "certs/shop.pem": "hello\n", "certs/shop.key": "hello\n"})),
		desired("certificate cut off", with("apps/shop.yaml", brought, map[string]string{"certs/shop.pem": "-----BEGIN CERTIFICATE-----\nMIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw\n", "certs/shop.key": "-----BEGIN PRIVATE KEY-----\n"})),
		desired("certificate damaged", with("apps/shop.yaml", brought, map[string]string{"certs/shop.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "certs/shop.key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"})),
		desired("key for a certificate", with("apps/shop.yaml", brought, map[string]string{"certs/shop.pem": "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n", "certs/shop.key": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"})),
	}
}
