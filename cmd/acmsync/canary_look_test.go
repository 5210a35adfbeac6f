//go:build linux

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// look searches all that there is for all that is secret.
func (c *canaryWorld) look(t *testing.T) {
	t.Helper()
	for sink, text := range c.shown {
		c.judge(t, c.all, sink, []byte(text))
	}
	c.judge(t, c.all, "a hook's environment", []byte(c.file("hook-env")))
	for name, repository := range map[string]string{"the git server": c.lab.Git.Dir(), "the git server behind ssh": c.ssh.Dir()} {
		c.objects(t, name, repository)
	}
	for _, r := range slices.Concat(c.lab.CA.Requests(), c.second.Requests()) {
		c.judge(t, c.all, "a request to the CA", fmt.Append(nil, r))
	}
	for _, r := range c.lab.Edge.Requests() {
		c.judge(t, c.all, "a request to the edge", fmt.Append(nil, r))
	}
	c.folders(t)
	c.database(t)
	if left, err := os.ReadDir(c.temp); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func (c *canaryWorld) judge(t *testing.T, secrets canaries, where string, text []byte) {
	t.Helper()
	for _, what := range secrets.search(text) {
		t.Errorf("%s shows %s: %.3000q", where, what, text)
	}
}

// objects are those of a git repository, unpacked.
func (c *canaryWorld) objects(t *testing.T, name, dir string) {
	t.Helper()
	cmd := exec.Command("git", "--git-dir", dir, "cat-file", "--batch-all-objects", "--batch")
	content, err := cmd.Output()
	if err != nil || len(content) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	c.judge(t, c.all, name, content)
}

// theirs are the files that the operator keeps secrets in, and what a program of
// theirs wrote down.
var theirs = []string{"identity", "hmac", "tsig", "password", "program-secret", "program-env", "ssh-key", "git-token", "account.pem"}

// folders are those of the lab: the store, the cache of git objects, the deploy
// folders.
func (c *canaryWorld) folders(t *testing.T) {
	t.Helper()
	packs := 0
	err := filepath.WalkDir(c.lab.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, _ := filepath.Rel(c.lab.Dir, path)
		if filepath.Ext(path) == ".pack" {
			packs++
			c.pack(t, inside, path)
		}
		if !d.Type().IsRegular() || slices.Contains(theirs, inside) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		secrets := c.all
		if base := filepath.Base(path); strings.HasPrefix(inside, "live") && (base == "privkey.pem" || base == "combined.pem") || strings.HasPrefix(inside, "state/acmsync.db") {
			secrets = c.kept // keys of certificates belong there, see database
		}
		c.judge(t, secrets, inside, content)
		return nil
	})
	if err != nil || packs == 0 {
		t.Fatalf("%d packs in the cache, %v", packs, err)
	}
}

// pack is one of the cache, which may build on objects that the server has.
func (c *canaryWorld) pack(t *testing.T, name, path string) {
	t.Helper()
	dir := t.TempDir()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{{"init", "--quiet", "--bare", dir}, {"--git-dir", dir, "unpack-objects", "-q"}} {
		cmd := exec.Command("git", line...)
		cmd.Env = append(os.Environ(), "GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(c.lab.Git.Dir(), "objects"))
		cmd.Stdin = bytes.NewReader(content)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: git %q: %v: %s", name, line, err, said)
		}
	}
	cmd := exec.Command("git", "--git-dir", dir, "cat-file", "--batch-all-objects", "--batch")
	content, err = cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	c.judge(t, c.all, name, content)
}

// secretColumns are where the store has keys, and what the CA said last, with
// the link to unpause an account.
var secretColumns = []string{"certificates.key", "orders.key", "brought.key", "domains.problem"}

// database searches all other columns.
func (c *canaryWorld) database(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.lab.Dir, "state", "acmsync.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tables, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	_ = tables.Close()
	keys := 0
	for _, name := range names {
		keys += c.table(t, db, name)
	}
	if len(names) < 8 || keys == 0 {
		t.Errorf("%d keys in the tables %q", keys, names)
	}
}

func (c *canaryWorld) table(t *testing.T, db *sql.DB, name string) (keys int) {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, column := range columns {
			if slices.Contains(secretColumns, name+"."+column) {
				keys += bytes.Count(values[i], []byte("BEGIN PRIVATE KEY"))
				c.judge(t, c.kept, "the column "+name+"."+column, values[i])
				continue
			}
			c.judge(t, c.all, "the column "+name+"."+column, values[i])
		}
	}
	return keys
}
