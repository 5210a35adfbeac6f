// Package reconcile holds every decision of acmsync: who may have which name,
// when a certificate is ordered, renewed, replaced, deployed, revoked or
// forgotten, when to wait, when to give up, and what to say about it.
//
// It is pure. It reads no clock (now is a parameter), no file and no network;
// the same input gives the same output, in the same order, always. So plan can
// print what sync would do by calling the same functions and throwing the
// result away, and tests can play months in milliseconds.
//
// Two steps, at different speeds:
//
//	Admit   all of desired state against all rows; runs when the repository or
//	        an approval moved. Claims, limits, eligibility and the guard
//	        against mass removal live here. Its output is a Want per row.
//	Ask → (observe) → Decide → Afford → (act) → Settle
//	        one row by itself, whenever it is due. The row holds its Want, so
//	        nothing else has to be read.
//
// The caller of the second step does, for a row it has leased:
//
//	for {
//		row, q, ask := reconcile.Ask(row, p, now)
//		if ask { seen = verifier.Observe(ctx, q) }
//		dec := reconcile.Afford(reconcile.Decide(row, seen, p, now), turns[row.Key], ledger, p, now)
//		row = dec.Next; save(row); if dec.Drop { delete the row }
//		if len(dec.Actions) == 0 { break }
//		for each action { row = reconcile.Settle(row, do(action), p, now); save(row) }
//	}
//
// with these rules for it: an order stored under the row's key that row.Order
// no longer mentions is to be closed; after a forget action the row itself is
// deleted when [Finished] says so; when the operator's settings changed, every
// row is woken.
//
// A row that is not moving always says why, and what will move it: its Due, or
// a change of what its owner wrote.
package reconcile
