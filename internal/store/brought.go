package store

import (
	"context"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

// admitPair keeps the pair that a want brings along, and no other of its row.
func admitPair(ctx context.Context, tx *transaction, w record.Want, pairs map[string]record.Pair) error {
	if w.Brought == nil || w.Brought.Certificate == nil {
		_, err := tx.ExecContext(ctx, `DELETE FROM brought WHERE domain_key = $1`, w.Key)
		return err
	}
	fingerprint := w.Brought.Certificate.SHA256
	pair, fresh := pairs[fingerprint]
	if !fresh {
		return hasBrought(ctx, tx, w.Key, fingerprint)
	}
	if err := checkPair(&pair); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO brought (domain_key, sha256, chain, key) VALUES ($1, $2, $3, $4)
		ON CONFLICT (domain_key) DO UPDATE SET sha256 = excluded.sha256, chain = excluded.chain, key = excluded.key`,
		w.Key, pair.SHA256, bytesAt{&pair.Chain}, bytesAt{(*[]byte)(&pair.Key)})
	return err
}

// hasBrought refuses a want whose pair nobody has.
func hasBrought(ctx context.Context, tx *transaction, key, fingerprint string) error {
	n := 0
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM brought WHERE domain_key = $1 AND sha256 = $2`, key, fingerprint).Scan(&n)
	if err == nil && n == 0 {
		return fmt.Errorf("%w: certificate %s is brought along without its pair", ErrNotFound, fingerprint)
	}
	return err
}

// takenUp is the pair to keep because the row's certificate has become the one
// that its owner brings along; nil: it has not.
func takenUp(ctx context.Context, tx *transaction, d record.Domain, have map[string]use) (*record.Pair, error) {
	if d.Certificate == nil || !d.Certificate.Manual() || have[d.Certificate.SHA256].current {
		return nil, nil //nolint:nilnil // there is nothing to take up
	}
	p := record.Pair{Certificate: *d.Certificate}
	err := tx.QueryRowContext(ctx, `SELECT chain, key FROM brought WHERE domain_key = $1 AND sha256 = $2`, d.Key, p.SHA256).
		Scan(bytesAt{&p.Chain}, bytesAt{(*[]byte)(&p.Key)})
	if noRows(err) {
		return nil, nil //nolint:nilnil // checkCurrent refuses it
	}
	return &p, err
}

// takeUpAgain notes when a certificate that the row had before became current again.
func takeUpAgain(ctx context.Context, tx *transaction, key string, p *record.Pair) error {
	_, err := tx.ExecContext(ctx, `UPDATE certificates SET issued_at = $3 WHERE domain_key = $1 AND sha256 = $2`,
		key, p.SHA256, timeAt{&p.IssuedAt})
	return err
}
