// Package controller runs a pass: it brings what is wanted, what is known and
// what is seen together, and carries out what reconcile decides.
//
//	pull    the repository's desired state into the store, when it moved
//	work    every row that is due, side by side, as far as it can go now
//	report  what changed to the status branch
//
// [Controller.Pass] is one pass; [Controller.Run] makes one whenever something
// is due; [Controller.Plan] walks the same steps in memory and keeps nothing.
//
// The controller decides nothing. It looks where [reconcile.Ask] says, acts as
// [reconcile.Decide] says, and makes durable what [reconcile.Settle] says,
// before it goes on. One domain's hang, failure or panic stays in its worker.
package controller
