package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Keys of the table meta.
const (
	metaTip          = "tip"
	metaRevision     = "revision"
	metaDesiredHash  = "desired_hash"
	metaSettingsHash = "settings_hash"
	metaAdmissions   = "admissions"   // a count
	metaChanges      = "changes"      // a count
	metaPublished    = "published"    // a value of changes
	metaErrors       = "errors"       // JSON list of the refused files' errors
	metaStatusTip    = "status_tip"   // a commit
	metaSharded      = "sharded"      // true or false, once status was written
	metaHeldTip      = "held_tip"     // a commit
	metaHeldHash     = "held_hash"    // what desired_hash would be for it
	metaApprovedTip  = "approved_tip" // a commit
	metaCA           = "ca "          // and a directory's URL: JSON, what is known of that CA
	metaPauses       = "pauses "      // and a directory's URL: JSON, what that CA wants no requests of
)

// Meta are the single values the store keeps.
type Meta struct {
	// Tip is the last commit on the branch that desired state was taken from, or
	// that held the same.
	Tip string
	// HeldTip is a later one from which it is not taken, since not all of it is
	// vouched for, and HeldHash the hash of what it holds; empty: none is.
	// ApprovedTip is one that an operator let through. Admit writes the first two.
	HeldTip, HeldHash, ApprovedTip string
	// DesiredHash is the hash of the desired state that was admitted last,
	// empty when it must be admitted again; Revision is the commit at which it
	// was first seen; SettingsHash goes with it. Admit writes all three.
	DesiredHash, SettingsHash, Revision string
	// CAs is what is known of each CA, by its directory; nil: nothing.
	CAs map[string]record.Issuer
	// Pauses are the kinds of requests that a CA wants none of, and until when, by
	// its directory. Who reads them looks at the time.
	Pauses map[string]map[string]time.Time
	// Errors are those of the files that the last admission refused.
	Errors []record.FileError
	// StatusTip is the commit that status was last published as.
	StatusTip string
	// Sharded is how the files of apps were laid out when status was first
	// written: true or false; empty before.
	Sharded string
	// Approved are the hashes of held removals that an operator approved and
	// no admission used yet.
	Approved map[string]bool
	// Admissions counts admissions; the next one names it as its Base.
	Admissions int64
	// Changes counts transactions that changed what status shows; Published is
	// the count at which status was last published.
	Changes, Published int64
}

// Meta returns the single values.
func (s *Store) Meta(ctx context.Context) (Meta, error) {
	m := Meta{Approved: make(map[string]bool)}
	err := s.view(ctx, "reading the store's values", func(tx *transaction) error {
		err := each(ctx, tx, `SELECT key, value FROM meta`, nil, func(scan scanner) error {
			var key, value string
			if err := scan(&key, &value); err != nil {
				return err
			}
			return s.garbled("the single values", m.take(key, value))
		})
		if err != nil {
			return err
		}
		return each(ctx, tx, `SELECT hash FROM approvals`, nil, func(scan scanner) error {
			var hash string
			err := scan(&hash)
			m.Approved[hash] = true
			return err
		})
	})
	if err != nil {
		return Meta{}, err
	}
	return m, nil
}

func (m *Meta) take(key, value string) (err error) {
	texts := map[string]*string{
		metaTip: &m.Tip, metaRevision: &m.Revision, metaDesiredHash: &m.DesiredHash,
		metaSettingsHash: &m.SettingsHash, metaSharded: &m.Sharded, metaStatusTip: &m.StatusTip,
		metaHeldTip: &m.HeldTip, metaHeldHash: &m.HeldHash, metaApprovedTip: &m.ApprovedTip,
	}
	counts := map[string]*int64{metaAdmissions: &m.Admissions, metaChanges: &m.Changes, metaPublished: &m.Published}
	switch {
	case texts[key] != nil:
		*texts[key] = value
	case counts[key] != nil:
		*counts[key], err = strconv.ParseInt(value, 10, 64)
	case strings.HasPrefix(key, metaCA):
		err = m.takeCA(strings.TrimPrefix(key, metaCA), value)
	case strings.HasPrefix(key, metaPauses):
		err = m.takePauses(strings.TrimPrefix(key, metaPauses), value)
	case key == metaErrors && value != "":
		err = json.Unmarshal([]byte(value), &m.Errors)
	}
	if err != nil {
		return &fieldError{strings.TrimSpace(key), err}
	}
	return nil
}

func (m *Meta) takeCA(directory, value string) error {
	var said record.Issuer
	if err := json.Unmarshal([]byte(value), &said); err != nil {
		return err
	}
	if m.CAs == nil {
		m.CAs = make(map[string]record.Issuer)
	}
	m.CAs[directory] = said
	return nil
}

func (m *Meta) takePauses(directory, value string) error {
	var until map[string]time.Time
	if err := json.Unmarshal([]byte(value), &until); err != nil {
		return err
	}
	if m.Pauses == nil {
		m.Pauses = make(map[string]map[string]time.Time)
	}
	m.Pauses[directory] = until
	return nil
}

// SetMeta writes Tip, Sharded, StatusTip, Published, what CAs say and their
// pauses, each if it is not zero. The other values have their own writers.
// Values that are already so cost no write.
func (s *Store) SetMeta(ctx context.Context, m Meta) error {
	is, err := s.Meta(ctx)
	if err != nil {
		return err
	}
	changed, err := m.differing(is)
	if err != nil || len(changed) == 0 {
		return err
	}
	return s.change(ctx, "writing the store's values", func(tx *transaction) error {
		for key, value := range changed {
			if err := setValue(ctx, tx, key, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// differing lists the values of m that are not what is stored.
func (m Meta) differing(is Meta) (map[string]string, error) {
	out := make(map[string]string)
	if m.Tip != "" && m.Tip != is.Tip {
		out[metaTip] = m.Tip
	}
	if m.Published != 0 && m.Published != is.Published {
		out[metaPublished] = strconv.FormatInt(m.Published, 10)
	}
	if m.StatusTip != "" && m.StatusTip != is.StatusTip {
		out[metaStatusTip] = m.StatusTip
	}
	if m.Sharded != "" && m.Sharded != is.Sharded {
		out[metaSharded] = m.Sharded
	}
	for directory, until := range m.Pauses {
		if maps.EqualFunc(until, is.Pauses[directory], time.Time.Equal) {
			continue
		}
		text, err := json.Marshal(until)
		if err != nil {
			return nil, err
		}
		out[metaPauses+directory] = string(text)
	}
	for directory, said := range m.CAs {
		known := is.CAs[directory]
		if said.AccountURI == "" {
			said.AccountURI = known.AccountURI
		}
		if said.CAAIdentities == nil {
			said.CAAIdentities = known.CAAIdentities
		}
		if said.AccountURI == known.AccountURI && slices.Equal(said.CAAIdentities, known.CAAIdentities) {
			continue
		}
		text, err := json.Marshal(said)
		if err != nil {
			return nil, err
		}
		out[metaCA+directory] = string(text)
	}
	return out, nil
}

// Approve lets the removals that are held under hash happen, once.
// [ErrUnknownHash] when none are. The next pass admits desired state anew.
func (s *Store) Approve(ctx context.Context, hash string) error {
	return s.change(ctx, "approving "+hash, func(tx *transaction) error {
		var held bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM domains WHERE held AND hold_hash = $1)`, hash).Scan(&held)
		if err != nil {
			return err
		}
		if !held || hash == "" {
			return ErrUnknownHash
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO approvals (hash, approved_at) VALUES ($1, `+dbNow+`) ON CONFLICT (hash) DO NOTHING`, hash)
		if err != nil {
			return err
		}
		return setValue(ctx, tx, metaDesiredHash, "")
	})
}

// ApproveTip lets desired state be taken from the tip that is held, and from no
// other that is not built on it. [ErrUnknownHash] when that commit is not held.
func (s *Store) ApproveTip(ctx context.Context, commit string) error {
	return s.change(ctx, "approving commit "+commit, func(tx *transaction) error {
		var held string
		err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, metaHeldTip).Scan(&held)
		if noRows(err) || err == nil && (held != commit || commit == "") {
			return ErrUnknownHash
		}
		if err != nil {
			return err
		}
		return setValue(ctx, tx, metaApprovedTip, commit)
	})
}

// spendApprovals deletes approvals that were used and those whose removals are
// no longer held, and reports whether others wait to be used.
func spendApprovals(ctx context.Context, tx *transaction, used []string) (waiting bool, err error) {
	for _, hash := range used {
		if _, err := tx.ExecContext(ctx, `DELETE FROM approvals WHERE hash = $1`, hash); err != nil {
			return false, err
		}
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM approvals WHERE hash NOT IN (SELECT hold_hash FROM domains WHERE held)`)
	if err != nil {
		return false, err
	}
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM approvals)`).Scan(&waiting)
	return waiting, err
}

func setValue(ctx context.Context, tx *transaction, key, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

func number(ctx context.Context, tx *transaction, key string) (n int64, err error) {
	var value string
	err = tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&value)
	if noRows(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if n, err = strconv.ParseInt(value, 10, 64); err != nil {
		return 0, &fieldError{key, err}
	}
	return n, nil
}

func increment(ctx context.Context, tx *transaction, key string) error {
	n, err := number(ctx, tx, key)
	if err != nil {
		return err
	}
	return setValue(ctx, tx, key, strconv.FormatInt(n+1, 10))
}
