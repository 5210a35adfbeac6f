// Package issue speaks ACME (RFC 8555) to one CA with one account.
//
// An order is a journal that its owner keeps ([record.Order]): [OpenOrder]
// makes the intent, key and CSR, and [CA.Advance] takes one step from the state
// it is given and returns the next one.
//
//	intent ─▶ ordered ─▶ presented ─▶ validating ─▶ finalizing ─▶ issued
//	newOrder  challenges  tell the CA   poll          CSR, poll,
//	          in place                                 download
//
// The caller makes each returned order durable before it calls again. A step
// sends at most one request that cannot be taken back, and every step may be
// taken again from the state before it: after a crash that lost the answer, the
// same step either finds out by GET what became of its request, or repeats a
// request that the CA answers with what exists already. So a kill at any
// instruction costs a request and never makes a second certificate. (Looking up
// the account, which has its key as identity, may precede the first step.)
//
// Nothing here sleeps: when the CA has to be waited for, the order says so in
// NextAt. Nothing here retries what the CA refused: that is the scheduler's
// work, and it gets every refusal as a [*record.Problem], the typed ones with
// type and subproblems, outages (no answer, a 5xx page) with Outage true.
//
// The protocol itself is lego's acme/api, without its Certifier, which polls in
// fixed intervals and forgets key and order URL in a crash. What acme/api lacks
// (contexts, Retry-After on polls, nonces shared between orders, bounds on what
// is read) is added in the one place all its requests pass, see session.
//
// Whether the certificate is any good is judged elsewhere; here it is only made
// sure that it is for the intent's key, and thus ours.
package issue
