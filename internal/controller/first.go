package controller

import (
	"slices"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// writesFirst reports whether a decision must be durable before it is acted on.
// Where it can be made again it goes with the write that follows in any case:
// an order's intent, an adopted pair, a target's acknowledgement, the release.
// What cannot be taken back goes on record first; so does a certificate that was
// brought along and is taken up, which makes the store keep its pair; and so does
// that a target lost what it acknowledged, or else a process killed between the
// files and the hook would leave a row that says the target has all it needs.
func writesFirst(before record.Domain, dec reconcile.Decision) bool {
	return dec.Drop || takenUp(before.Certificate, dec.Next.Certificate) || takenBack(before.Deployed, dec.Next.Deployed) || slices.ContainsFunc(dec.Actions, func(a reconcile.Action) bool {
		return !a.Kind.Orders() && a.Kind != reconcile.Deploy && a.Kind != reconcile.Adopt
	})
}

func takenUp(before, next *record.Certificate) bool {
	return next != nil && next.Manual() && (before == nil || before.SHA256 != next.SHA256)
}

// takenBack reports whether a target that acknowledged a certificate does not
// any more.
func takenBack(before, next []record.Deployment) bool {
	return slices.ContainsFunc(next, func(a record.Deployment) bool {
		return a.SHA256 == "" && slices.ContainsFunc(before, func(b record.Deployment) bool {
			return b.Target == a.Target && b.Host == a.Host && b.SHA256 != ""
		})
	})
}
