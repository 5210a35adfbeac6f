package status

import (
	"cmp"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// attentions are who may have to act, the first to be shown first.
var attentions = []string{"operator", "owner", "none", ""}

// more is the more pressing of two attentions.
func more(a, b string) string {
	if slices.Index(attentions, b) < slices.Index(attentions, a) {
		return b
	}
	return a
}

func compareAttention(a, b string) int {
	return cmp.Compare(slices.Index(attentions, none(a)), slices.Index(attentions, none(b)))
}

func none(who string) string {
	if who == "" {
		return "none"
	}
	return who
}

// compareStatus puts the worse first.
func compareStatus(a, b string) int {
	switch {
	case a == b:
		return 0
	case string(reconcile.Worst(record.State(a), record.State(b))) == a:
		return -1
	}
	return 1
}

// entry is a domain with its app, as tables list them.
type entry struct {
	app string
	DomainStatus
	// leaving: it is no longer in desired state; revoked: so is its certificate.
	leaving, revoked bool
}

// entries lists all domains: who must act first, then worst first.
func entries(apps []AppStatus) []entry {
	var out []entry
	for _, a := range apps {
		for _, d := range a.Domains {
			out = append(out, entry{app: a.App, DomainStatus: d})
		}
		for _, gone := range a.Removed {
			if !slices.ContainsFunc(a.Domains, func(d DomainStatus) bool { return d.Name == gone.Name }) {
				out = append(out, entry{app: a.App, DomainStatus: gone.entry(), leaving: true, revoked: !gone.RevokedAt.IsZero()})
			}
		}
	}
	slices.SortFunc(out, func(x, y entry) int {
		return cmp.Or(
			compareAttention(x.Attention, y.Attention),
			compareStatus(x.Status, y.Status),
			cmp.Compare(x.app, y.app),
			cmp.Compare(x.Name, y.Name),
		)
	})
	return out
}

// entry shows a removal among the domains.
func (r RemovedStatus) entry() DomainStatus {
	d := DomainStatus{Name: r.Name, Unicode: toUnicode(r.Name), Status: removedStatus}
	if r.Held {
		d.Status, d.Attention = string(record.Held), "operator"
		d.Title = "Removal held"
		d.Message = "The certificate of " + r.Name + " would be lost, but " + r.HeldWhy + "."
		d.Remedy = "If this is meant, have the operator approve it (acmsync approve). If not, put " + r.Name + " back (git revert)."
	}
	if r.NotRevoked != "" {
		d.Message = "Its certificate is not revoked and expires by itself: " + r.NotRevoked + "."
	}
	if !r.Held && r.RevokedAt.IsZero() && !r.RevokeAt.IsZero() {
		d.Message = "It left desired state; its certificate is to be revoked at " + r.RevokeAt.Format(time.RFC3339) + "."
		d.Remedy = "Put " + r.Name + " back before then to keep it (git revert)."
	}
	return d
}

// byUrgency sorts apps: who must act first, then worst first, then by name.
func byUrgency(apps []AppStatus) []AppStatus {
	return slices.SortedFunc(slices.Values(apps), func(x, y AppStatus) int {
		return cmp.Or(
			compareAttention(x.Attention, y.Attention),
			compareStatus(x.Status, y.Status),
			cmp.Compare(x.App, y.App),
		)
	})
}

// removedStatus is shown for a domain that left and whose certificate is still
// being taken away. No document has it as a status.
const removedStatus = "Removed"
