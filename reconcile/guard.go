package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// guard is the protection against mass removal. It looks at every certificate
// that is no longer wanted, for whatever cause (its domain left, ACM was
// switched off, the plan lost it), and holds the new losses back when they are
// more than policy allows, until a person approves exactly these.
type guard struct {
	policy Policy
	known  Known
	now    time.Time
	empty  bool // no app is left in desired state

	holding int      // rows with a certificate, or about to have one
	recent  int      // losses within the window that were let through
	fresh   []string // new losses, by key
	held    []string // losses held earlier and not approved since
	used    map[string]bool
	// waiting are approvals that cannot do their work yet: a file is refused.
	waiting map[string]bool
}

// holds reports whether the row has a certificate to lose. An order under way
// counts: it may have one before anybody looks again. So does a certificate
// that seems to have expired: a clock that is ahead must not open the gate.
func holds(d record.Domain) bool { return d.Certificate != nil || d.Order != nil }

// apply marks each unwanted row as lost, or as held, and returns the hash of
// all that is held; empty: nothing is.
func (g *guard) apply(rows map[string]record.Domain, wants map[string]record.Want) (hash string) {
	for _, key := range sortedKeys(wants) {
		w := wants[key]
		g.sort(rows[key], &w)
		wants[key] = w
	}
	why := g.objection()
	if why != "" {
		g.hold(g.fresh, wants, why)
		g.held = append(g.held, g.fresh...)
		slices.Sort(g.held)
	} else {
		g.release(g.fresh, wants)
	}
	if len(g.held) == 0 {
		return ""
	}
	hash = g.hash(rows)
	for _, key := range g.held {
		w := wants[key]
		w.HoldHash = hash
		wants[key] = w
	}
	if !g.known.Approved[hash] {
		return hash
	}
	g.used[hash] = true
	g.release(g.held, wants)
	return ""
}

// spent are the approvals that did their work.
func (g *guard) spent() []string {
	for hash := range g.waiting {
		delete(g.used, hash)
	}
	return sortedKeys(g.used)
}

// sort puts one row where it belongs, and clears the marks of a wanted one.
func (g *guard) sort(row record.Domain, w *record.Want) {
	gone := !row.LeftAt.IsZero() && !row.Held
	back := w.Mode.Kept() && !w.Frozen
	if back && gone && holds(row) {
		w.LostAt = time.Time{} // back in time: nothing was lost
	}
	recent := !w.LostAt.IsZero() && g.withinWindow(w.LostAt)
	if recent {
		g.recent++
	}
	if recent || holds(row) { // what is gone was held when the window began
		g.holding++
	}
	switch {
	case w.Frozen && row.Held && g.known.Approved[row.HoldHash]:
		g.waiting[row.HoldHash] = true
	case w.Frozen && row.Held:
		g.held = append(g.held, w.Key)
	case w.Frozen:
		// As it was, whatever it was.
	case back:
		w.LeftAt, w.Held, w.HoldHash, w.HoldWhy = time.Time{}, false, "", ""
	case gone:
		// Let through before; its grace runs.
	case row.Held && g.known.Approved[row.HoldHash]:
		g.used[row.HoldHash] = true
		g.recent++
		letGo(w, g.now)
	case row.Held:
		g.held = append(g.held, w.Key)
	case holds(row):
		g.fresh = append(g.fresh, w.Key)
	}
}

func (g *guard) withinWindow(t time.Time) bool { return g.now.Sub(t) < g.policy.window() }

// objection is why the new losses cannot be let through; empty: they can. It is
// written for people and stored, so it names no time that passes.
func (g *guard) objection() string {
	allowed := max(g.policy.MaxRemovals*float64(g.holding), float64(g.policy.RemovalFloor))
	const rounding = 1e-9 // 10 % of 30 is 3
	switch {
	case len(g.fresh) == 0:
		return ""
	case !g.known.Descends:
		return "the tip of the branch does not descend from the last one seen, so it removes nothing by itself"
	case g.empty:
		return "no app is left in desired state at all"
	case float64(g.recent+len(g.fresh)) > allowed+rounding:
		return fmt.Sprintf("that would make %d of %d certificates lost within %s, and policy.maxRemovals allows %d",
			g.recent+len(g.fresh), g.holding, duration(g.policy.window()), int(allowed+rounding))
	default:
		return ""
	}
}

func (g *guard) hold(keys []string, wants map[string]record.Want, why string) {
	for _, key := range keys {
		w := wants[key]
		w.Held, w.HoldWhy = true, why
		wants[key] = w
	}
}

func (g *guard) release(keys []string, wants map[string]record.Want) {
	for _, key := range keys {
		w := wants[key]
		if w.Frozen {
			g.waiting[w.HoldHash] = true
			continue
		}
		letGo(&w, g.now)
		wants[key] = w
	}
}

// letGo starts the grace. After an approval it starts then: nobody could count
// on the removal before.
func letGo(w *record.Want, now time.Time) {
	w.LeftAt, w.LostAt, w.Held, w.HoldHash, w.HoldWhy = now, now, false, "", ""
}

// hash names what is held. It stays as it was while the set does, although the
// certificates in it are renewed meanwhile; else it is made of names and serials.
func (g *guard) hash(rows map[string]record.Domain) string {
	if h := rows[g.held[0]].HoldHash; h != "" && g.sameSet(h, rows) {
		return h
	}
	sum := sha256.New()
	for _, key := range g.held {
		serial := ""
		if c := rows[key].Certificate; c != nil {
			serial = c.Serial
		}
		fmt.Fprintf(sum, "%s %s\n", key, serial)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// sameSet reports whether exactly the held rows carry the hash.
func (g *guard) sameSet(hash string, rows map[string]record.Domain) bool {
	carriers := 0
	for _, row := range rows {
		if row.Held && row.HoldHash == hash {
			carriers++
		}
	}
	other := slices.ContainsFunc(g.held, func(key string) bool { return rows[key].HoldHash != hash })
	return !other && carriers == len(g.held)
}

// HeldRemovals is a set of removals that waits for approval.
type HeldRemovals struct {
	Hash string
	// Names are the rows' keys, sorted.
	Names []string
	Why   string
}

// Holds lists what waits for approval, sorted by hash: what approve may name.
func Holds(rows []record.Domain) []HeldRemovals {
	byHash := map[string]*HeldRemovals{}
	for _, d := range rows {
		if !d.Held {
			continue
		}
		if byHash[d.HoldHash] == nil {
			byHash[d.HoldHash] = &HeldRemovals{Hash: d.HoldHash, Why: d.HoldWhy}
		}
		byHash[d.HoldHash].Names = append(byHash[d.HoldHash].Names, d.Key)
	}
	all := make([]HeldRemovals, 0, len(byHash))
	for _, hash := range sortedKeys(byHash) {
		slices.Sort(byHash[hash].Names)
		all = append(all, *byHash[hash])
	}
	return all
}
