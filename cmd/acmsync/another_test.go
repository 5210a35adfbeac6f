package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// another starts a CA that wants an external account, and makes it the one to
// fall back to: $SECOND is its directory.
func (w *world) another(ts *testscript.TestScript, _ []string) error {
	const kid, hmac = "kid-2", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	second, err := w.lab.Another(ca.Options{CAAIdentities: []string{"second.test"}, EAB: map[string]string{kid: hmac}})
	if err != nil {
		return err
	}
	ts.Setenv("SECOND", second.URL())
	root, mac := filepath.Join(w.lab.Dir, "second.pem"), filepath.Join(w.lab.Dir, "hmac")
	if err := os.WriteFile(root, second.RootPEM(), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(mac, []byte(hmac+"\n"), 0o600); err != nil {
		return err
	}
	entry := fmt.Sprintf("  fallback:\n    - {directory: %s, caFile: %s, eab: {kid: %s, hmacFile: %s}, limits: {newOrders: 100/1h}}\n", second.URL(), root, kid, mac)
	text := strings.Replace(w.lab.Settings(), "platform:\n", entry+"platform:\n", 1)
	return os.WriteFile(w.lab.SettingsPath(), []byte(text), 0o600)
}
