package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// Desired is all of desired state.
type Desired struct {
	Apps []DesiredApp
}

// DesiredApp is one app of desired state.
type DesiredApp struct {
	spec.App
	// Refused is why the app's file is refused; the app is then as the file
	// was last accepted, and nothing is begun, changed or removed for it. See
	// also [Known].Refused.
	Refused *record.FileError
	// Certificates are what the app's entry brings along, as its files were
	// read. Names are held against them here, dates by [Decide].
	Certificates map[spec.Certificate]record.Brought
}

// Known is what the store knows when desired state is admitted.
type Known struct {
	Domains []record.Domain
	Apps    []record.App
	// Refused: some file of desired state is refused. Names that are in no
	// accepted file may be wanted by that one: it may be a file renamed with a
	// typo in it, which never was accepted, or one that was just given names
	// that another file let go of. So nothing is removed until it is mended.
	Refused bool
	// Descends: the tip descends from the last one seen, or is the first.
	Descends bool
	// Revision (a full commit id) and Branch are where Desired was read.
	Revision, Branch string
	// Approved are the hashes of removals that a person let through.
	Approved map[string]bool
	Ledger   record.Ledger
}

// Admission is what desired state means for the rows.
type Admission struct {
	// Wants are those that are new or changed, sorted by key.
	Wants []record.Want
	// Apps are all there are, sorted by name.
	Apps []record.App
	// Outcomes are the removals that are held and the claims that failed.
	Outcomes []Outcome
	// Hash names the removals that are held, for approve; empty: none are.
	Hash string
	Held bool
	// UsedApprovals are the hashes that did their work and hold no longer.
	UsedApprovals []string
}

// Admit compares all of desired state with all that is known. It depends on no
// order of its input.
func Admit(want Desired, known Known, p Policy, now time.Time) Admission {
	rows := byKey(known.Domains)
	apps := ordered(want.Apps)
	granted, denied := grant(apps, rows, known)
	wants := p.wants(apps, granted, rows, now)
	missing := leave(wants, rows, known.Refused)
	g := &guard{policy: p, known: known, now: now, empty: len(apps) == 0, used: map[string]bool{}, waiting: map[string]bool{}}
	hash := g.apply(rows, wants)

	a := Admission{Hash: hash, Held: hash != "", UsedApprovals: g.spent()}
	a.Wants = changed(rows, wants)
	a.Apps = p.appRecords(apps, denied, known, wants, now)
	a.Outcomes = admissionOutcomes(wants, missing, denied)
	return a
}

func byKey(domains []record.Domain) map[string]record.Domain {
	rows := make(map[string]record.Domain, len(domains))
	for _, d := range domains {
		rows[d.Key] = d
	}
	return rows
}

// wants says what is wanted of every granted name, the guard apart.
func (p Policy) wants(apps []DesiredApp, granted map[string]claim, rows map[string]record.Domain, now time.Time) map[string]record.Want {
	wants := make(map[string]record.Want, len(granted))
	beyond := p.beyondLimits(apps, granted, rows)
	chain := obstacles()
	for name, c := range granted {
		row, exists := rows[name]
		switch {
		case c.app.Refused == nil:
			wants[name] = p.want(c, row.Want, beyond[name], chain, now)
		case exists:
			wants[name] = frozen(row.Want)
		}
	}
	return wants
}

// leave adds the rows that nobody asks for any more: as removed, or as they are
// while a refused file may ask for them. It returns the latter.
func leave(wants map[string]record.Want, rows map[string]record.Domain, refused bool) (missing []record.Want) {
	for key, row := range rows {
		if _, ok := wants[key]; ok {
			continue
		}
		if !refused {
			wants[key] = removed(row.Want)
			continue
		}
		wants[key] = frozen(row.Want)
		missing = append(missing, wants[key])
	}
	return missing
}

func (p Policy) beyondLimits(apps []DesiredApp, granted map[string]claim, rows map[string]record.Domain) map[string]bool {
	byApp := make(map[string][]claim, len(apps))
	for _, name := range sortedKeys(granted) {
		c := granted[name]
		byApp[c.app.Name] = append(byApp[c.app.Name], c)
	}
	beyond := map[string]bool{}
	for _, claims := range byApp {
		for name := range p.beyondLimit(claims, rows) {
			beyond[name] = true
		}
	}
	return beyond
}

// want is what a granted claim asks for. What the row was promised before
// (since when, how it left) stays, for the guard to judge.
func (p Policy) want(c claim, before record.Want, beyond bool, chain []obstacle, now time.Time) record.Want {
	challenge := p.challenge(c.domain.Challenge, c.app.Challenge)
	w := before
	w.Key, w.Names, w.App = c.domain.Name, []string{c.domain.Name}, c.app.Name
	w.Mode = p.mode(c.app.App, c.domain)
	w.Challenge, w.Target = challenge, c.domain.Target
	w.Refresh = joinTokens(c.app.Refresh, c.domain.Refresh)
	w.Rekey = joinTokens(c.app.Rekey, c.domain.Rekey)
	w.Frozen = false
	w.Brought = c.brought()
	w.Blocked = nil
	if w.Mode == record.Auto {
		w.Blocked = candidate{p, c.app.App, c.domain.Name, challenge, beyond}.blocked(chain)
	}
	w.Entry = entryDigest(c.app.App, w)
	if w.Since.IsZero() {
		w.Since = now
	}
	return w
}

func frozen(w record.Want) record.Want {
	w.Frozen = true
	return w
}

func removed(w record.Want) record.Want {
	w.Mode, w.Frozen, w.Brought = record.Removed, false, nil
	return w
}

// entryDigest tells a changed entry from an unchanged one. Refresh and rekey
// are not in it: they have their own say.
func entryDigest(a spec.App, w record.Want) string {
	var obstacle failure.Code
	if w.Blocked != nil {
		obstacle = w.Blocked.Code
	}
	// Strings, bools and ints: Marshal cannot fail on them.
	text, _ := json.Marshal([]any{w.App, w.Mode, w.Challenge, w.Target, a.Runtime, a.Web, a.TrustedIPs, obstacle})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// changed returns the wants that are not as the rows have them.
func changed(rows map[string]record.Domain, wants map[string]record.Want) []record.Want {
	var out []record.Want
	for _, key := range sortedKeys(wants) {
		row, exists := rows[key]
		if !exists || !sameWant(row.Want, wants[key]) {
			out = append(out, wants[key])
		}
	}
	return out
}

// sameWant compares what counts: the same instant in another zone, or an empty
// list in place of none, is no change.
func sameWant(x, y record.Want) bool { return reflect.DeepEqual(plainWant(x), plainWant(y)) }

func plainWant(w record.Want) record.Want {
	w.Generation = 0
	w.Since, w.LeftAt, w.LostAt = w.Since.Round(0).UTC(), w.LeftAt.Round(0).UTC(), w.LostAt.Round(0).UTC()
	w.Names = slices.Clip(append([]string{}, w.Names...))
	if w.Blocked != nil {
		f := *w.Blocked
		f.Expected = append([]record.RR{}, f.Expected...)
		f.Observed = append([]record.RR{}, f.Observed...)
		w.Blocked = &f
	}
	return w
}

// admissionOutcomes are one hold a name and one failure a refused claim.
func admissionOutcomes(wants map[string]record.Want, missing []record.Want, denied []denial) []Outcome {
	var out []Outcome
	for _, w := range wants {
		if w.Held {
			out = append(out, heldOutcome(w))
		}
	}
	for _, w := range missing {
		if !w.Held {
			out = append(out, Outcome{Kind: Hold, App: w.App, Domain: w.Key, Why: missingWhy})
		}
	}
	for _, d := range denied {
		why := strings.TrimSuffix(d.finding().Message, ".")
		out = append(out, Outcome{Kind: Fail, App: d.app, Domain: d.name, Why: why})
	}
	SortOutcomes(out)
	return out
}

// missingWhy is why a name that is in no accepted file keeps what it has.
const missingWhy = "no accepted file names it, but a file is refused that may; nothing is removed until that is mended"

func heldOutcome(w record.Want) Outcome {
	return Outcome{Kind: Hold, App: w.App, Domain: w.Key, Why: "its removal is held: " + w.HoldWhy}
}
