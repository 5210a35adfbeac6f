package main

import (
	"database/sql"
	"errors"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/acmsync/acmsync/internal/lab/edge"
)

// elapse lets issuance, deployments and looks lie further back, since a script cannot
// wait for minutes.
func (w *world) elapse(_ *testscript.TestScript, args []string) (err error) {
	passed, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(w.lab.Dir, "state", "acmsync.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		`UPDATE certificates SET issued_at = issued_at - $1`,
		`UPDATE deployments SET at = at - $1`,
		`UPDATE domains SET due_at = due_at - $1, checked_at = checked_at - $1`,
	} {
		if _, err := db.Exec(statement, passed.Microseconds()); err != nil {
			return err
		}
	}
	return nil
}

// tls lets the edge turn handshakes for a host away (refuse), or take them.
func (w *world) tls(_ *testscript.TestScript, args []string) error {
	w.lab.Edge.Behave(args[0], edge.Behaviour{NoTLS: args[1] == "refuse"})
	return nil
}
