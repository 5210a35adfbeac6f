package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the number of the newest file in migrations/.
const schemaVersion = 3

// migrate brings the schema up to date. The caller keeps other processes from
// doing so at the same time.
func migrate(ctx context.Context, db *sql.DB) error {
	if made, err := current(ctx, db); err != nil || made {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(gooseDialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	return nil
}

// current reports whether the schema is the one this program was written for,
// without writing; false: there is none yet.
func current(ctx context.Context, db *sql.DB) (bool, error) {
	there, err := present(ctx, db, goose.DefaultTablename)
	if err != nil || !there {
		return false, err
	}
	var version int64
	query := `SELECT COALESCE(MAX(version_id), 0) FROM ` + goose.DefaultTablename + ` WHERE is_applied`
	if err := db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return false, fmt.Errorf("reading the schema's version: %w", err)
	}
	if version > schemaVersion {
		return false, fmt.Errorf("%w: %d, and this acmsync knows %d: use the newer acmsync that wrote it", ErrSchema, version, schemaVersion)
	}
	return version == schemaVersion, nil
}
