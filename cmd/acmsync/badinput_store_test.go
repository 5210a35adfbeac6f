package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadStoredState: what a disk, a hand or another version may have left in
// the state folder, and what the operator then reads of the next sync and of
// doctor.
func TestBadStoredState(t *testing.T) {
	t.Parallel()
	a := newAiling(t)
	state, whole := filepath.Join(a.Dir, "state"), filepath.Join(a.Dir, "whole")
	a.must(os.CopyFS(whole, os.DirFS(state)))
	var told []met
	for _, c := range badStates() {
		a.must(os.RemoveAll(state), os.CopyFS(state, os.DirFS(whole)), os.Chmod(state, 0o700))
		c.damage(a, filepath.Join(state, "acmsync.db"))
		text := "acmsync.db: " + c.seen + "\n$ acmsync sync\n" + a.command("sync", "--timeout", "60s") + "$ acmsync doctor\n" + a.doctor()
		told = append(told, met{c.name, text})
	}
	checkMet(t, "stored-state", 20, told)
}

// doctor is what it finds wrong.
func (a *ailing) doctor() string {
	var out bytes.Buffer
	runMain([]string{"doctor", "--config", a.SettingsPath()}, console{in: strings.NewReader(""), out: &out, err: &out})
	text, wrong := "", false
	for line := range strings.Lines(out.String()) {
		if wrong = strings.HasPrefix(line, "FAIL") || wrong && strings.HasPrefix(line, "  "); wrong {
			text += line
		}
	}
	return marked(steady(strings.ReplaceAll(text, a.Dir, "DIR")))
}

type badState struct {
	name, seen string
	damage     func(a *ailing, database string)
}

func badStates() []badState {
	all := []badState{
		{"not a database", "hello", func(a *ailing, db string) { a.must(os.WriteFile(db, []byte(strings.Repeat("hello\n", 1000)), 0o600)) }},
		{"cut off", "its first 5000 bytes", func(a *ailing, db string) { a.must(os.Truncate(db, 5000)) }},
		{"a page of zeros", "zeros from 8192 to 12288", overwritten(8192, make([]byte, 4096))},
		{"a page of noise", "noise from 12288 to 16384", overwritten(12288, bytes.Repeat([]byte("noise---"), 512))},
		{"a folder", "a folder", func(a *ailing, db string) { a.must(os.RemoveAll(db), os.Mkdir(db, 0o700)) }},
		{"a folder that others can write to", "mode 0770 of its folder", func(a *ailing, db string) { a.must(os.Chmod(filepath.Dir(db), 0o770)) }},
		{"within a git checkout", ".git beside it", func(a *ailing, db string) { a.must(os.Mkdir(filepath.Join(filepath.Dir(db), ".git"), 0o700)) }},
	}
	for _, c := range []struct{ name, statement string }{
		{"of a later version", `UPDATE goose_db_version SET version_id = 9999`},
		{"findings that are cut off", `UPDATE domains SET findings = '[{'`},
		{"names that are no list", `UPDATE domains SET names = 'www'`},
		{"a state nobody knows", `UPDATE domains SET state = 'Odd'`},
		{"a mode nobody knows", `UPDATE domains SET mode = 'odd'`},
		{"a time that is none", `UPDATE domains SET checked_at = 'yesterday'`},
		{"a chain that is none", `UPDATE certificates SET chain = x'00'`},
		{"a key that is none", `UPDATE certificates SET key = x'00'`},
		{"a chain cut off", `UPDATE certificates SET chain = substr(chain, 1, 300)`},
		{"a fingerprint of another certificate", `UPDATE certificates SET sha256 = 'abcd'`},
		{"a number that is none", `UPDATE meta SET value = 'x' WHERE key = 'admissions'`},
		{"a list that is none", `INSERT INTO meta (key, value) VALUES ('errors', '{') ON CONFLICT (key) DO UPDATE SET value = '{'`},
		{"what is known of an app cut off", `UPDATE apps SET refusals = '[{'`},
		{"tries that are no number", `UPDATE deployments SET tries = 'many'`},
	} {
		all = append(all, badState{c.name, c.statement, func(a *ailing, db string) { a.execute(db, c.statement) }})
	}
	return append(all, badState{"issued in a year", "a certificate from a year ahead, and a name that wants one", func(a *ailing, db string) {
		a.execute(db, `UPDATE certificates SET issued_at = issued_at + 31536000000000`)
		a.Point("www.new.test")
		a.push("www.healthy.test", "www.new.test")
	}})
}

// overwritten puts other bytes into the database, of which all changes are.
func overwritten(at int64, with []byte) func(*ailing, string) {
	return func(a *ailing, db string) {
		a.execute(db, "PRAGMA wal_checkpoint(TRUNCATE)")
		f, err := os.OpenFile(db, os.O_WRONLY, 0)
		a.must(err)
		_, err = f.WriteAt(with, at)
		a.must(err, f.Close())
	}
}

func (a *ailing) execute(database, statement string) {
	a.t.Helper()
	db, err := sql.Open("sqlite", database)
	a.must(err)
	_, err = db.Exec(statement)
	a.must(err, db.Close())
}
