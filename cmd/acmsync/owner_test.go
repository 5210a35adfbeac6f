package main

import (
	"fmt"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab/owner"
)

// identity writes an age identity file.
func (w *world) identity(ts *testscript.TestScript, args []string) error {
	file, recipient, err := owner.NewIdentity()
	if err != nil {
		return err
	}
	ts.Setenv("RECIPIENT", recipient)
	return os.WriteFile(ts.MkAbs(args[0]), []byte(file), 0o600)
}

// brought writes a certificate that an owner brings along.
func (w *world) brought(ts *testscript.TestScript, args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: lab brought FOLDER DURATION NAME...")
	}
	lifetime, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	ca, err := owner.NewCA(time.Now())
	if err != nil {
		return err
	}
	pair, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(lifetime), args[2:]...)
	if err != nil {
		return err
	}
	encrypted, err := owner.Encrypt(pair.Key, ts.Getenv("RECIPIENT"))
	if err != nil {
		return err
	}
	ts.Setenv("SERIAL", pair.Serial)
	dir := ts.MkAbs(args[0])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"chain.pem": pair.Chain, "key.pem": pair.Key, "key.age": encrypted} {
		if err := os.WriteFile(dir+"/"+name, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
