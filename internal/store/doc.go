// Package store keeps what must survive: what is wanted of each domain, how
// far it got, certificates with their keys, orders in flight, and the books of
// what was asked of the CAs. It is SQL, on SQLite; migrations/ holds the
// schema, commented, in one file.
//
// The row of a certificate is also the job to look after it. Two kinds of
// writer share it and never touch each other's columns:
//
//   - [Store.Admit] writes what is wanted, for all rows, in one transaction;
//   - the holder of a row's lease writes how far it got, by [Store.Save].
//
// A lease comes from [Store.Claim], which finds due rows by an index, and is
// named by owner and epoch. Every write of a holder names both, so a process
// that was overtaken (stopped, swapped out, on the wrong side of a pause) gets
// [ErrLeaseLost] instead of overwriting its successor's work:
//
//	leases, err := s.Claim(ctx, "run", now, 16, 45*time.Second)
//	for _, l := range leases {
//		d := work(l.Domain)                                // d.Due: when next
//		err := s.Save(ctx, l, store.Change{Domain: d})     // as often as needed
//		err = s.Release(ctx, l, d)                         // once; only this sets due
//	}
//
// Leases end by the database's clock. On SQLite they also end at once when
// their process is gone, which a locked file per process tells. Wake times, on
// the other hand, are compared with the now that is passed in.
//
// Save leaves the wake time alone, so a row whose holder dies between two
// saves is due again. And when what is wanted changes during a lease, the
// row's generation moves and Release leaves the wake time as admission set it:
// no wake-up is lost.
//
// Times are kept in UTC to the microsecond; finer parts are cut off.
//
// Methods may be called concurrently. Several processes may have the same
// database open. An error of one of the sentinels in errors.go means that
// nothing was written.
package store
