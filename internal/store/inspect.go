package store

import (
	"context"
	"errors"

	"github.com/acmsync/acmsync/internal/record"
)

// Damage is one thing that is wrong with a database.
type Damage struct {
	// Key is the row it concerns; empty: the database itself.
	Key string
	Err error
}

// Inspection is what was found in a database.
type Inspection struct {
	// Path is the database's file; empty: it is in memory.
	Path string
	// Domains are the rows that can be read.
	Domains []record.Domain
	// Damage is what cannot, or does not fit together.
	Damage []Damage
}

// Inspect reads all of the store at url, without writing anything: the
// database's own check, every row, and whether each key fits its certificate.
// A database that does not exist is intact and empty. The error is of one that
// cannot be opened for another reason than damage.
func Inspect(ctx context.Context, url string) (Inspection, error) {
	path, err := location(url)
	if err != nil {
		return Inspection{}, err
	}
	in := Inspection{Path: path}
	if path != "" {
		if err := checkPlace(path); err != nil {
			return in, err
		}
	}
	s, err := Open(ctx, url, Options{ReadOnly: true})
	if errors.As(err, new(*CorruptError)) {
		in.Damage = append(in.Damage, Damage{Err: err})
		return in, nil
	}
	if err != nil {
		return in, err
	}
	defer s.Close()
	for _, look := range []func(context.Context, *Store) error{in.integrity, in.rows, in.pairs, in.orphans, in.values} {
		if err := look(ctx, s); ctx.Err() != nil {
			return in, ctx.Err()
		} else if err != nil {
			in.Damage = append(in.Damage, Damage{Err: err})
		}
	}
	return in, nil
}

func (in *Inspection) integrity(ctx context.Context, s *Store) error {
	return s.view(ctx, "checking the database", func(tx *transaction) error {
		said, err := integrity(ctx, tx)
		for _, what := range said {
			in.Damage = append(in.Damage, Damage{Err: &CorruptError{in.Path, errors.New(what)}})
		}
		return err
	})
}

func (in *Inspection) rows(ctx context.Context, s *Store) error {
	domains, bad, err := s.Domains(ctx)
	in.Domains = domains
	for _, b := range bad {
		in.Damage = append(in.Damage, Damage{b.Key, b.Err})
	}
	return err
}

// keptPairs are all there are, whoever they came from.
const keptPairs = `SELECT domain_key, sha256, chain, key FROM certificates
	UNION ALL SELECT domain_key, sha256, chain, key FROM brought`

// pairs looks at certificates that are kept, current or not.
func (in *Inspection) pairs(ctx context.Context, s *Store) error {
	return s.view(ctx, "checking certificates", func(tx *transaction) error {
		return each(ctx, tx, keptPairs, nil, func(scan scanner) error {
			var key string
			var p record.Pair
			err := scan(&key, &p.SHA256, bytesAt{&p.Chain}, bytesAt{(*[]byte)(&p.Key)})
			if err == nil {
				err = checkPair(&p)
			}
			if err != nil {
				in.Damage = append(in.Damage, Damage{key, err})
			}
			return nil
		})
	})
}

// orphans are certificates whose row is lost.
func (in *Inspection) orphans(ctx context.Context, s *Store) error {
	return s.view(ctx, "looking for certificates without a row", func(tx *transaction) error {
		keys, err := keysOf(ctx, tx, lostRows)
		for _, key := range keys {
			in.Damage = append(in.Damage, Damage{key, errors.New("its row is lost; a certificate of it is left")})
		}
		return err
	})
}

func (in *Inspection) values(ctx context.Context, s *Store) error {
	_, meta := s.Meta(ctx)
	_, apps := s.Apps(ctx)
	_, files := s.Files(ctx)
	return errors.Join(meta, apps, files)
}
