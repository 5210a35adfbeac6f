package budget_test

import (
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/record"
)

// TestBucketsAreAllThatIsBooked: whoever reads no more of the books than a
// request's buckets misses nothing that is read or written for it.
func TestBucketsAreAllThatIsBooked(t *testing.T) {
	t.Parallel()
	limits := budget.LetsEncrypt()
	for name, change := range map[string]func(*budget.Request){
		"new": func(*budget.Request) {}, "renewal": func(r *budget.Request) { r.Renewal = true },
		"replacement": func(r *budget.Request) { r.Replaces = true },
	} {
		r := request("www.shop.example", "shop.example")
		change(&r)
		known := r.Buckets("other.example")
		full := record.Ledger{}
		for _, b := range known {
			full[b] = start.Add(1000 * time.Hour)
		}
		entries := []record.Ledger{
			budget.Spend(full, r, limits, start),
			budget.Refund(full, r, limits, start, start),
			budget.Fail(full, r, "www.shop.example", limits, start),
			budget.Fail(full, r, "other.example", limits, start),
		}
		for _, detail := range []string{
			"too many new orders", `too many certificates already issued for "shop.example"`,
			`too many failed authorizations for "www.shop.example"`, "too many",
		} {
			entries = append(entries, budget.Refused(full, r, limits, detail, start.Add(time.Hour)))
		}
		waits, _ := budget.Next(full, r, limits, start)
		entries = append(entries, record.Ledger{waits: start})
		for _, entry := range entries {
			for b := range entry {
				if b != (record.Bucket{}) && !slices.Contains(known, b) {
					t.Errorf("%s: %+v is booked and not among the buckets", name, b)
				}
			}
		}
	}
}
