package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/git"
)

// world is what one script works on. Only that script's goroutine uses it.
type world struct {
	lab        *lab.Lab
	ssh        *git.SSH
	heal       []func()
	held       atomic.Int64 // requests that stand at a fault of the CA
	terminated time.Time
	tips       map[string]string
	snapshots  map[string]string
}

type worldKey struct{}

func setUp(env *testscript.Env) error {
	w := &world{tips: map[string]string{}, snapshots: map[string]string{}}
	env.Values[worldKey{}] = w
	env.Defer(func() {
		if err := w.close(); err != nil {
			env.T().Log(err)
		}
	})
	return nil
}

func (w *world) close() error {
	var errs []error
	for _, lift := range w.heal {
		lift()
	}
	if w.ssh != nil {
		errs = append(errs, w.ssh.Close())
	}
	if w.lab != nil {
		errs = append(errs, w.lab.Close())
	}
	return errors.Join(errs...)
}

func worldOf(ts *testscript.TestScript) *world {
	w, ok := ts.Value(worldKey{}).(*world)
	if !ok {
		ts.Fatalf("no world was set up")
	}
	return w
}

// secrets are what nobody may ever print: the git token in the forms it goes
// over the wire, and the body of every private key.
func (w *world) secrets() map[string]string {
	found := map[string]string{}
	if w.lab == nil {
		return found
	}
	if token, err := os.ReadFile(filepath.Join(w.lab.Dir, "git-token")); err == nil {
		bare := strings.TrimSpace(string(token))
		found["the git token"] = bare
		found["the git token in base64"] = base64.StdEncoding.EncodeToString([]byte("acmsync:" + bare))
	}
	_ = filepath.WalkDir(w.lab.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".pem" {
			return nil //nolint:nilerr // a folder that is swapped meanwhile is looked at next time
		}
		content, _ := os.ReadFile(path)
		for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
			if strings.HasSuffix(block.Type, "PRIVATE KEY") {
				body := base64.StdEncoding.EncodeToString(block.Bytes)
				// The middle: all EC keys begin alike.
				found["the private key "+path] = body[len(body)/3 : len(body)/3+40]
			}
		}
		return nil
	})
	return found
}

func (w *world) searchSecrets(ts *testscript.TestScript, where, text string) {
	flat := strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(text)
	for what, secret := range w.secrets() {
		if strings.Contains(flat, secret) {
			ts.Fatalf("%s shows %s", where, what)
		}
	}
	if strings.Contains(text, "PRIVATE KEY") {
		ts.Fatalf("%s shows a private key", where)
	}
}

// snapshot remembers a folder, every name, mode and content in it.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: snapshot path...")
	}
	for _, path := range args {
		listing, err := listing(ts.MkAbs(path))
		ts.Check(err)
		worldOf(ts).snapshots[path] = listing
	}
}

// unchanged compares folders with what snapshot remembered.
func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: unchanged path...")
	}
	for _, path := range args {
		now, err := listing(ts.MkAbs(path))
		ts.Check(err)
		if before := worldOf(ts).snapshots[path]; before != now {
			ts.Fatalf("%s changed; before:\n%snow:\n%s", path, before, now)
		}
	}
}

func listing(root string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			fmt.Fprintf(&b, "%s is not there\n", root)
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", info.Mode(), path)
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(content))
		}
		b.WriteByte('\n')
		return nil
	})
	return b.String(), err
}

// terminate sends SIGTERM to the commands in the background.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	worldOf(ts).terminated = time.Now()
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
