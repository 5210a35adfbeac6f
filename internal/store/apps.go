package store

import (
	"context"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

func appColumns(a *record.App) []column {
	return []column{
		{"name", &a.Name},
		{"file", &a.File},
		{"acm", &a.ACM},
		{"error", jsonAt{&a.Error}},
		{"revision", &a.Revision},
		{"digest", &a.Digest},
		{"refresh", &a.Refresh},
		{"refusals", jsonAt{&a.Refusals}},
		{"gone", &a.Gone},
	}
}

func fileColumns(f *AcceptedFile) []column {
	return []column{{"path", &f.Path}, {"revision", &f.Revision}, {"content", bytesAt{&f.Bytes}}}
}

// Apps returns all apps, sorted by name.
func (s *Store) Apps(ctx context.Context) ([]record.App, error) {
	var out []record.App
	query := "SELECT " + list(appColumns(new(record.App))) + " FROM apps ORDER BY name"
	err := s.view(ctx, "reading apps", func(tx *transaction) error {
		return each(ctx, tx, query, nil, func(scan scanner) error {
			var a record.App
			err := scan(values(appColumns(&a))...)
			out = append(out, a)
			return s.garbled("app "+a.Name, err)
		})
	})
	return out, err
}

// Files returns desired state as last accepted, sorted by path.
func (s *Store) Files(ctx context.Context) ([]AcceptedFile, error) {
	var out []AcceptedFile
	query := "SELECT " + list(fileColumns(new(AcceptedFile))) + " FROM files ORDER BY path"
	err := s.view(ctx, "reading accepted files", func(tx *transaction) error {
		return each(ctx, tx, query, nil, func(scan scanner) error {
			var f AcceptedFile
			err := scan(values(fileColumns(&f))...)
			out = append(out, f)
			return s.garbled("file "+f.Path, err)
		})
	})
	return out, err
}

// garbled is the error of something that makes no sense where no single domain
// can be set aside for it.
func (s *Store) garbled(what string, err error) error {
	if err == nil {
		return nil
	}
	return &CorruptError{s.path, fmt.Errorf("%s: %w", what, err)}
}

func saveApps(ctx context.Context, tx *transaction, apps []record.App) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM apps`); err != nil {
		return err
	}
	for _, a := range apps {
		cols := appColumns(&a)
		if _, err := tx.ExecContext(ctx, insertion("apps", cols), values(cols)...); err != nil {
			return fmt.Errorf("app %s: %w", a.Name, err)
		}
	}
	return nil
}

func saveFiles(ctx context.Context, tx *transaction, files []AcceptedFile) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM files`); err != nil {
		return err
	}
	for _, f := range files {
		if f.Bytes == nil {
			f.Bytes = []byte{}
		}
		cols := fileColumns(&f)
		if _, err := tx.ExecContext(ctx, insertion("files", cols), values(cols)...); err != nil {
			return fmt.Errorf("file %s: %w", f.Path, err)
		}
	}
	return nil
}
