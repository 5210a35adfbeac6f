// Package budget keeps a CA's limits by itself, so that the CA never has to:
// what may be asked now, and if not, when.
//
// Every limit is a set of token buckets, one for each thing it counts by (an
// account, a registered domain, a set of names), and every bucket is one stored
// time: when it will be full again. That is the generic cell rate algorithm
// (GCRA). A token takes Per/Count to come back, so spending one moves the time
// by that much; a bucket has a token to give while the time lies no further
// ahead than Count tokens. Nothing has to run to refill a bucket, and a bucket
// nobody ever spent from is not stored.
//
// The functions take the books (record.Ledger) and return the new times of the
// buckets that change, for the caller to save together with what the spending
// was for. They never modify the books they are given.
//
// The books are a lower bound: a CA counts some limits over all its accounts,
// and others ask too. So its own word is taken over into the books, see
// [Refused].
package budget
