package store

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

func certificateColumns(c *record.Certificate) []column {
	return []column{
		{"sha256", &c.SHA256},
		{"serial", &c.Serial},
		{"issuer", &c.Issuer},
		{"names", jsonAt{&c.Names}},
		{"not_before", timeAt{&c.NotBefore}},
		{"not_after", timeAt{&c.NotAfter}},
		{"origin", &c.Origin},
		{"directory", &c.Directory},
		{"account", &c.Account},
		{"profile", &c.Profile},
		{"rekey", &c.Rekey},
		{"issued_at", timeAt{&c.IssuedAt}},
	}
}

// use is what a certificate of a row is for, the only part of it that changes:
// neither current nor superseded is one that some target still serves.
type use struct {
	current, superseded bool
	reason              int
	revokeAt, revokedAt time.Time
	why                 string
}

func useColumns(u *use) []column {
	return []column{
		{"current", &u.current},
		{"superseded", &u.superseded},
		{"reason", &u.reason},
		{"revoke_at", timeAt{&u.revokeAt}},
		{"revoked_at", timeAt{&u.revokedAt}},
		{"why", &u.why},
	}
}

func attachCertificates(ctx context.Context, tx *transaction, keys only, to map[string]*row) error {
	where, args := keys.where("domain_key")
	query := "SELECT domain_key, " + list(certificateColumns(new(record.Certificate))) + ", " + list(useColumns(new(use))) +
		" FROM certificates" + where + " ORDER BY issued_at, not_before, sha256"
	return each(ctx, tx, query, args, func(scan scanner) error {
		var key string
		var c record.Certificate
		var u use
		dest := append([]any{&key}, values(certificateColumns(&c))...)
		err := scan(append(dest, values(useColumns(&u))...)...)
		r := to[key]
		if r == nil {
			return nil
		}
		r.err = errors.Join(r.err, err)
		if u.current {
			r.domain.Certificate = &c
		}
		if u.superseded {
			r.domain.Superseded = append(r.domain.Superseded, record.Superseded{
				Certificate: c, Reason: u.reason, RevokeAt: u.revokeAt, RevokedAt: u.revokedAt, Why: u.why,
			})
		}
		return nil
	})
}

// Pair returns a certificate with its chain and key, current or not;
// [ErrNotFound] when it is not kept (any more). Of one that serves several
// domains, it is the newest to be kept.
func (s *Store) Pair(ctx context.Context, fingerprint string) (record.Pair, error) {
	var p record.Pair
	cols := append(certificateColumns(&p.Certificate),
		column{"chain", bytesAt{&p.Chain}}, column{"key", bytesAt{(*[]byte)(&p.Key)}})
	query := "SELECT " + list(cols) + " FROM certificates WHERE sha256 = $1 ORDER BY issued_at DESC LIMIT 1"
	err := s.view(ctx, "reading certificate "+fingerprint, func(tx *transaction) error {
		err := tx.QueryRowContext(ctx, query, fingerprint).Scan(values(cols)...)
		if noRows(err) {
			return ErrNotFound
		}
		return err
	})
	if err != nil {
		return record.Pair{}, err
	}
	return p, nil
}

// checkPair is the last look at a pair before it becomes what is served.
func checkPair(p *record.Pair) error {
	block, _ := pem.Decode(p.Chain)
	if block == nil || block.Type != "CERTIFICATE" {
		return fmt.Errorf("%w: the chain does not begin with a certificate", ErrPairMismatch)
	}
	if sum := sha256.Sum256(block.Bytes); hex.EncodeToString(sum[:]) != p.SHA256 {
		return fmt.Errorf("%w: the leaf's fingerprint is %x, not %s", ErrPairMismatch, sum, p.SHA256)
	}
	if _, err := tls.X509KeyPair(p.Chain, p.Key); err != nil {
		return fmt.Errorf("%w: the key is not the leaf's, or cannot be read", ErrPairMismatch)
	}
	return nil
}

// uses says what each certificate of a row is for.
func uses(ctx context.Context, tx *transaction, key string) (map[string]use, error) {
	out := make(map[string]use)
	query := "SELECT sha256, " + list(useColumns(new(use))) + " FROM certificates WHERE domain_key = $1"
	err := each(ctx, tx, query, []any{key}, func(scan scanner) error {
		var fingerprint string
		var u use
		err := scan(append([]any{&fingerprint}, values(useColumns(&u))...)...)
		out[fingerprint] = u
		return err
	})
	return out, err
}

// saveCertificates makes the row's certificates what d says: one current, some
// owed a revocation. What is neither is deleted once no target serves it.
func saveCertificates(ctx context.Context, tx *transaction, d record.Domain, p *record.Pair) error {
	have, err := uses(ctx, tx, d.Key)
	if err != nil {
		return err
	}
	if p == nil {
		if p, err = takenUp(ctx, tx, d, have); err != nil {
			return err
		}
	}
	if err := checkCurrent(have, d, p); err != nil {
		return err
	}
	if p != nil {
		if err := insertPair(ctx, tx, d.Key, p, have); err != nil {
			return err
		}
	}
	want, err := wanted(have, d)
	if err != nil {
		return err
	}
	if err := dropCertificates(ctx, tx, d.Key, have, want); err != nil {
		return err
	}
	// What ceases to be current does so first: there is never more than one.
	for _, current := range []bool{false, true} {
		for fingerprint, u := range want {
			if u.current == current && have[fingerprint] != u {
				if err := updateUse(ctx, tx, d.Key, fingerprint, u); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkCurrent refuses a change that would leave the row with a worse
// certificate than it has.
func checkCurrent(have map[string]use, d record.Domain, p *record.Pair) error {
	var before, after string
	for fingerprint, u := range have {
		if u.current {
			before = fingerprint
		}
	}
	if d.Certificate != nil {
		after = d.Certificate.SHA256
	}
	if p != nil {
		if after != p.SHA256 {
			return fmt.Errorf("%w: the domain has certificate %q and the pair is %q", ErrPairMismatch, after, p.SHA256)
		}
		if _, old := have[after]; old && before != after && !p.Manual() {
			return fmt.Errorf("%w: %s was replaced before", ErrPairLost, after)
		}
		return checkPair(p)
	}
	if after == before || after == "" && mayEnd(d, before) {
		return nil
	}
	return fmt.Errorf("%w: the store has %q, the change names %q and brings no pair", ErrPairLost, before, after)
}

// mayEnd: the certificate goes because its name left, or to be revoked.
func mayEnd(d record.Domain, fingerprint string) bool {
	if d.Gone() {
		return true
	}
	for _, s := range d.Superseded {
		if s.SHA256 == fingerprint {
			return true
		}
	}
	return false
}

func insertPair(ctx context.Context, tx *transaction, key string, p *record.Pair, have map[string]use) error {
	if _, again := have[p.SHA256]; again {
		return takeUpAgain(ctx, tx, key, p)
	}
	cols := append(certificateColumns(&p.Certificate),
		column{"domain_key", &key}, column{"chain", bytesAt{&p.Chain}}, column{"key", bytesAt{(*[]byte)(&p.Key)}})
	cols = append(cols, useColumns(new(use))...)
	if _, err := tx.ExecContext(ctx, insertion("certificates", cols), values(cols)...); err != nil {
		return fmt.Errorf("keeping certificate %s: %w", p.SHA256, err)
	}
	have[p.SHA256] = use{}
	return nil
}

// wanted is what the row's certificates should be.
func wanted(have map[string]use, d record.Domain) (map[string]use, error) {
	want := make(map[string]use, len(have))
	for _, at := range d.Deployed {
		// Another pair may not be there yet, so this one stays.
		if _, ok := have[at.SHA256]; ok {
			want[at.SHA256] = use{}
		}
	}
	for _, s := range d.Superseded {
		if _, ok := have[s.SHA256]; !ok {
			return nil, fmt.Errorf("%w: certificate %s is to be revoked", ErrNotFound, s.SHA256)
		}
		want[s.SHA256] = use{
			superseded: true, reason: s.Reason, revokeAt: stored(s.RevokeAt), revokedAt: stored(s.RevokedAt), why: s.Why,
		}
	}
	if d.Certificate != nil {
		u := want[d.Certificate.SHA256]
		u.current = true
		want[d.Certificate.SHA256] = u
	}
	return want, nil
}

func updateUse(ctx context.Context, tx *transaction, key, fingerprint string, u use) error {
	cols := useColumns(&u)
	_, err := tx.ExecContext(ctx, "UPDATE certificates SET "+assignments(cols, 3)+" WHERE domain_key = $1 AND sha256 = $2",
		append([]any{key, fingerprint}, values(cols)...)...)
	return err
}

func dropCertificates(ctx context.Context, tx *transaction, key string, have, want map[string]use) error {
	for fingerprint := range have {
		if _, keep := want[fingerprint]; keep {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM certificates WHERE domain_key = $1 AND sha256 = $2`, key, fingerprint); err != nil {
			return err
		}
	}
	return nil
}
