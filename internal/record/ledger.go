package record

import "time"

// Bucket names one token bucket of a CA's limits. Key is what the limit is
// counted by: a registered domain, a set of names, or empty for the account.
type Bucket struct {
	Directory, Account string
	Limit              string
	Key                string
}

// Ledger is the books of what was asked of the CAs: per bucket the time at
// which it will be full again (its theoretical arrival time). A bucket that is
// missing is full.
type Ledger map[Bucket]time.Time
