package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Admission is what follows from one reading of desired state.
type Admission struct {
	// Base is Meta.Admissions as it was when what is known was read.
	Base int64
	// Wants are new or changed; rows that are not named stay as they are.
	Wants []record.Want
	// Pairs are those that wants bring along, by fingerprint. One that is missing
	// here was stored by an earlier admission.
	Pairs map[string]record.Pair
	// Apps and Files replace all that were there.
	Apps  []record.App
	Files []AcceptedFile
	// UsedApprovals are spent by this admission.
	UsedApprovals []string
	// DesiredHash and SettingsHash mark what was admitted, Revision the commit
	// at which DesiredHash was first seen.
	DesiredHash, SettingsHash, Revision string
	// Errors are those of the files that are refused.
	Errors []record.FileError
	// WakeAll makes every row due, because the operator's settings changed.
	WakeAll bool
	// Tip is the commit that desired state was read from; where it is held, the
	// one that was accepted before, and HeldTip and HeldHash are what is held.
	Tip, HeldTip, HeldHash string
	Now                    time.Time
}

// AcceptedFile is a file of desired state that was accepted.
type AcceptedFile struct {
	Path string
	// Revision is the commit it was accepted at.
	Revision string
	Bytes    []byte
}

// Admit writes an admission in one transaction. A row whose want is new or
// really changed is due at a.Now at the latest and, if new, Waiting.
//
// [ErrStaleAdmission] means that another admission came first. When a removal
// was approved too late for this one to see, DesiredHash is left empty in
// [Meta], so that the next pass admits again.
func (s *Store) Admit(ctx context.Context, a Admission) error {
	return s.change(ctx, "admitting desired state", func(tx *transaction) error {
		if err := checkBase(ctx, tx, a.Base); err != nil {
			return err
		}
		if err := admitWants(ctx, tx, a); err != nil {
			return err
		}
		if a.WakeAll {
			if err := wake(ctx, tx, a.Now); err != nil {
				return err
			}
		}
		if err := saveApps(ctx, tx, a.Apps); err != nil {
			return err
		}
		if err := saveFiles(ctx, tx, a.Files); err != nil {
			return err
		}
		waiting, err := spendApprovals(ctx, tx, a.UsedApprovals)
		if err != nil {
			return err
		}
		if waiting {
			a.DesiredHash = ""
		}
		return admitted(ctx, tx, a)
	})
}

// wake makes every row due, those under a lease again after it.
func wake(ctx context.Context, tx *transaction, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE domains SET generation = generation + 1,
		due_at = CASE WHEN due_at < $1 THEN due_at ELSE $1 END`, timeAt{&now})
	return err
}

func checkBase(ctx context.Context, tx *transaction, base int64) error {
	n, err := number(ctx, tx, metaAdmissions)
	if err == nil && n != base {
		return ErrStaleAdmission
	}
	return err
}

func admitted(ctx context.Context, tx *transaction, a Admission) error {
	errs := ""
	if len(a.Errors) > 0 {
		text, err := json.Marshal(a.Errors)
		if err != nil {
			return err
		}
		errs = string(text)
	}
	for _, v := range []struct{ key, value string }{
		{metaDesiredHash, a.DesiredHash},
		{metaSettingsHash, a.SettingsHash},
		{metaRevision, a.Revision},
		{metaTip, a.Tip},
		{metaErrors, errs},
		{metaHeldTip, a.HeldTip},
		{metaHeldHash, a.HeldHash},
	} {
		if err := setValue(ctx, tx, v.key, v.value); err != nil {
			return err
		}
	}
	if a.HeldTip == "" {
		// What was approved is part of what was accepted by now, or was dropped.
		if err := setValue(ctx, tx, metaApprovedTip, ""); err != nil {
			return err
		}
	}
	if err := increment(ctx, tx, metaAdmissions); err != nil {
		return err
	}
	return increment(ctx, tx, metaChanges)
}

// inOneTurn is how many names of an app come in one turn.
const inOneTurn = 8

// turns are how much earlier than the last ones rows are due, by a microsecond
// a turn: the first few of all apps come before the next few of any, so that one
// with very many names does not go before those with few.
func turns(wants []record.Want) []time.Duration {
	place, last := make([]int, len(wants)), 0
	count := map[string]int{}
	for i, w := range wants {
		place[i] = count[w.App] / inOneTurn
		count[w.App]++
		last = max(last, place[i])
	}
	earlier := make([]time.Duration, len(wants))
	for i := range wants {
		earlier[i] = time.Duration(last-place[i]) * time.Microsecond
	}
	return earlier
}

func admitWants(ctx context.Context, tx *transaction, a Admission) error {
	if len(a.Wants) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, admitQuery())
	if err != nil {
		return err
	}
	defer stmt.Close()
	earlier := turns(a.Wants)
	for i, w := range a.Wants {
		w.Generation = 1
		due := a.Now.Add(-earlier[i])
		d := record.Domain{Want: w, State: record.Waiting, Since: a.Now, Due: due}
		if _, err := stmt.ExecContext(ctx, values(newRow(&d, a.Base))...); err != nil {
			return fmt.Errorf("row %s: %w", w.Key, err)
		}
		if err := admitPair(ctx, tx, w, a.Pairs); err != nil {
			return fmt.Errorf("row %s: %w", w.Key, err)
		}
	}
	return nil
}

// newRow is a row as admission number base makes it. Its epochs begin where no
// earlier row of the same key has been, so that a lease on one that was
// forgotten never fits the one that was made after it.
func newRow(d *record.Domain, base int64) []column {
	nothing, nobody, epoch, until := "", "", base<<32, int64(0)
	return append(domainColumns(d), column{"reason", &nothing},
		column{"owner", &nobody}, column{"epoch", &epoch}, column{"lease_until", &until})
}

// admitQuery inserts a row or, where the want really differs, changes the
// columns of what is wanted. A holder's columns stay as they are.
func admitQuery() string {
	var d record.Domain
	wanted := names(wantColumns(&d.Want))
	set := make([]string, len(wanted))
	for i, name := range wanted {
		set[i] = name + " = excluded." + name
	}
	return insertion("domains", newRow(&d, 0)) + `
		ON CONFLICT (key) DO UPDATE SET ` + strings.Join(set, ", ") + `,
			generation = domains.generation + 1,
			due_at = CASE WHEN domains.due_at < excluded.due_at THEN domains.due_at ELSE excluded.due_at END
		WHERE (domains.` + strings.Join(wanted, ", domains.") + `)
			IS DISTINCT FROM (excluded.` + strings.Join(wanted, ", excluded.") + `)`
}
