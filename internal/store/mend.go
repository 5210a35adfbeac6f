package store

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// mend makes rows that were taken over fit together again: certificates that
// are none go, rows that cannot be read or are missing are made anew from
// their certificates, and what refers to nothing goes.
func (out *Salvaged) mend(ctx context.Context, tx *transaction, now time.Time) error {
	for _, step := range []func(context.Context, *transaction, time.Time) error{
		out.dropPairs, out.dropBrought, out.remake, out.dropOrphans, out.startOver,
	} {
		if err := step(ctx, tx, now); err != nil {
			return err
		}
	}
	return nil
}

func (out *Salvaged) say(key, what string, args ...any) {
	out.Mended = append(out.Mended, Damage{key, fmt.Errorf(what, args...)})
}

// kept is a certificate as its own bytes say it.
type kept struct {
	key, sha256 string
	leaf        *x509.Certificate
}

// dropPairs deletes certificates that nobody can serve: chain, key and
// fingerprint do not fit. What else a row says of its certificate is read from
// the certificate again if it makes no sense.
func (out *Salvaged) dropPairs(ctx context.Context, tx *transaction, _ time.Time) error {
	var bad, garbled []kept
	err := each(ctx, tx, "SELECT domain_key, sha256, chain, key, names FROM certificates", nil, func(scan scanner) error {
		var c kept
		var p record.Pair
		var names any
		if err := scan(&c.key, &p.SHA256, bytesAt{&p.Chain}, bytesAt{(*[]byte)(&p.Key)}, &names); err != nil {
			return err
		}
		c.sha256 = p.SHA256
		if checkPair(&p) != nil {
			bad = append(bad, c)
			return nil
		}
		var list []string
		if (jsonAt{&list}).Scan(names) != nil {
			c.leaf = leafOf(p.Chain)
			garbled = append(garbled, c)
		}
		return nil
	})
	for _, c := range bad {
		out.say(c.key, "certificate %s is left out: its key and chain do not fit", c.sha256)
		_, failed := tx.ExecContext(ctx, "DELETE FROM certificates WHERE domain_key = $1 AND sha256 = $2", c.key, c.sha256)
		err = errors.Join(err, failed)
	}
	for _, c := range garbled {
		if c.leaf != nil {
			_, failed := tx.ExecContext(ctx, "UPDATE certificates SET names = $3 WHERE domain_key = $1 AND sha256 = $2",
				c.key, c.sha256, jsonAt{&c.leaf.DNSNames})
			err = errors.Join(err, failed)
		}
	}
	return err
}

// dropBrought deletes pairs brought along that nobody can serve. A row that
// waits for one is made to ask for it again: its owner still has it.
func (out *Salvaged) dropBrought(ctx context.Context, tx *transaction, _ time.Time) error {
	var bad []string
	err := each(ctx, tx, "SELECT domain_key, sha256, chain, key FROM brought", nil, func(scan scanner) error {
		var key string
		var p record.Pair
		if err := scan(&key, &p.SHA256, bytesAt{&p.Chain}, bytesAt{(*[]byte)(&p.Key)}); err != nil {
			return err
		}
		if checkPair(&p) != nil {
			bad = append(bad, key)
		}
		return nil
	})
	for _, key := range bad {
		out.say(key, "the pair that is brought along is left out, to be read again: its key and chain do not fit")
		_, failed := tx.ExecContext(ctx, "DELETE FROM brought WHERE domain_key = $1", key)
		err = errors.Join(err, failed)
	}
	_, failed := tx.ExecContext(ctx, `UPDATE domains SET brought = NULL
		WHERE brought IS NOT NULL AND key NOT IN (SELECT domain_key FROM brought)`)
	return errors.Join(err, failed)
}

func leafOf(chain []byte) *x509.Certificate {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}

const lostRows = "SELECT DISTINCT domain_key FROM certificates WHERE domain_key NOT IN (SELECT key FROM domains)"

// remake writes a plain row for each certificate whose row is gone, and in the
// place of each row that cannot be read. What is wanted of it follows from
// desired state at the next pass.
func (out *Salvaged) remake(ctx context.Context, tx *transaction, now time.Time) error {
	lost, err := keysOf(ctx, tx, lostRows)
	if err != nil {
		return err
	}
	for _, key := range lost {
		out.say(key, "its row is made anew from its certificate")
		if err := plainRow(ctx, tx, key, now); err != nil {
			return err
		}
	}
	rows, err := load(ctx, tx, nil)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.err == nil {
			continue
		}
		out.say(r.domain.Key, "its row is made anew, as it could not be read: %w", r.err)
		if err := remakeRow(ctx, tx, r.domain.Key, now); err != nil {
			return err
		}
	}
	return nil
}

func remakeRow(ctx context.Context, tx *transaction, key string, now time.Time) error {
	for _, query := range []string{
		"DELETE FROM domains WHERE key = $1",
		"DELETE FROM orders WHERE domain_key = $1",
		"DELETE FROM deployments WHERE domain_key = $1",
		"DELETE FROM brought WHERE domain_key = $1",
		`UPDATE certificates SET superseded = FALSE, reason = 0, revoke_at = NULL, revoked_at = NULL, why = ''
			WHERE domain_key = $1 AND current`,
	} {
		if _, err := tx.ExecContext(ctx, query, key); err != nil {
			return err
		}
	}
	return plainRow(ctx, tx, key, now)
}

// plainRow is a row of which nothing is known but its key.
func plainRow(ctx context.Context, tx *transaction, key string, now time.Time) error {
	base, err := number(ctx, tx, metaAdmissions)
	if err != nil {
		base = 0
	}
	d := record.Domain{
		Want:  record.Want{Key: key, Names: []string{key}, Mode: record.Auto, Challenge: "http-01", Since: now, Generation: 1},
		State: record.Waiting, Since: now, Due: now,
	}
	cols := newRow(&d, base+1)
	_, err = tx.ExecContext(ctx, insertion("domains", cols), values(cols)...)
	return err
}

// dropOrphans deletes what belongs to a row that could not be read and had no
// certificate: desired state makes it anew.
func (out *Salvaged) dropOrphans(ctx context.Context, tx *transaction, _ time.Time) error {
	for _, table := range []string{"orders", "deployments", "brought"} {
		lost, err := keysOf(ctx, tx, "SELECT DISTINCT domain_key FROM "+table+" WHERE domain_key NOT IN (SELECT key FROM domains)")
		if err != nil {
			return err
		}
		for _, key := range lost {
			out.say(key, "what is left of it (%s) goes, as its row is lost", table)
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE domain_key = $1", key); err != nil {
				return err
			}
		}
	}
	return nil
}

// startOver lets the next pass admit desired state again and look at every
// row. Nobody holds a lease.
func (out *Salvaged) startOver(ctx context.Context, tx *transaction, now time.Time) error {
	if err := out.dropRead(ctx, tx); err != nil {
		return err
	}
	if err := out.dropValues(ctx, tx); err != nil {
		return err
	}
	for _, key := range []string{metaErrors, metaDesiredHash} {
		if err := setValue(ctx, tx, key, ""); err != nil {
			return err
		}
	}
	if err := increment(ctx, tx, metaChanges); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE domains SET owner = '', lease_until = 0,
		due_at = CASE WHEN due_at < $1 THEN due_at ELSE $1 END`, timeAt{&now})
	return err
}

func keysOf(ctx context.Context, tx *transaction, query string) (keys []string, err error) {
	err = each(ctx, tx, query, nil, func(scan scanner) error {
		var key string
		err := scan(&key)
		keys = append(keys, key)
		return err
	})
	return keys, err
}
