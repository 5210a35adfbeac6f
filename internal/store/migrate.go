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
const schemaVersion = 8

// migrate brings the schema up to date. The caller keeps other processes from
// doing so at the same time.
func migrate(ctx context.Context, db *sql.DB) error {
	if version, err := versionOf(ctx, db); err != nil || version == schemaVersion {
		return err
	}
	return migrateTo(ctx, db, schemaVersion)
}

// migrateTo is migrate, but the schema may be one of an earlier program.
func migrateTo(ctx context.Context, db *sql.DB, version int64) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(gooseDialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	return nil
}

// versionOf is the schema's version; 0: there is none yet.
func versionOf(ctx context.Context, db *sql.DB) (version int64, err error) {
	there, err := present(ctx, db, goose.DefaultTablename)
	if err != nil || !there {
		return 0, err
	}
	query := `SELECT COALESCE(MAX(version_id), 0) FROM ` + goose.DefaultTablename + ` WHERE is_applied`
	if err := db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	if version > schemaVersion {
		return 0, fmt.Errorf("%w: %d, and this acmsync knows %d: use the newer acmsync that wrote it", ErrSchema, version, schemaVersion)
	}
	return version, nil
}
