package reconcile

import (
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// notice keeps the record of the row's incident. What failed longer than
// NotifyAfter is told once, and its end once. Retries, waits for the CA and
// restarts belong to the incident that they happen in; it ends when nothing is
// wrong and the certificate is in use.
func notice(d *record.Domain, p Policy, now time.Time) {
	n := &d.Notice
	switch {
	case d.Gone() || !d.Mode.Kept() && !d.Held:
		*n = record.Notice{} // it left: nobody waits for it any more
	case n.Began.IsZero() && Attention(*d) != nobody:
		*n = record.Notice{Began: earliest(d.Attempt.FirstFailed, firstSeen(*d), now)}
	case !n.Began.IsZero() && healed(*d):
		if n.Told.IsZero() {
			*n = record.Notice{}
			return
		}
		*n = record.Notice{Healed: now, Reason: n.Reason}
	}
	if at := noticeDue(*d, p); !at.IsZero() && !now.Before(at) {
		n.Told, n.Reason = now, d.Findings[asking(*d)].Code
	}
}

// noticeDue is when somebody is to be told; zero: nobody is. While only the CA
// is waited for there is nobody who could act.
func noticeDue(d record.Domain, p Policy) time.Time {
	if d.Notice.Began.IsZero() || !d.Notice.Told.IsZero() || Attention(d) == nobody {
		return time.Time{}
	}
	return d.Notice.Began.Add(p.NotifyAfter)
}

func healed(d record.Domain) bool {
	return asking(d) < 0 && d.Attempt.FirstFailed.IsZero() && (d.State == record.CertIssued || d.State == record.Manual)
}

// firstSeen is since when the first of what is wrong has been seen, where that
// is kept with the finding.
func firstSeen(d record.Domain) time.Time {
	for _, f := range blocking(d.Findings) {
		if f.Code == failure.NotServed || f.Code == failure.OwnershipUnproven {
			return f.Since
		}
	}
	return time.Time{}
}
