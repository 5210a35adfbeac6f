package reconcile

import (
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

const nobody = "none"

// Attention says who must act before the domain gets on: owner, operator or
// none. It follows the finding that is to be mended first; warnings ask for
// nobody, except that a certificate that its owner brings along and that is
// about to expire asks for the owner.
func Attention(d record.Domain) string {
	if i := asking(d); i >= 0 {
		return attentionOf(d.Findings[i])
	}
	return nobody
}

// asking is the place of the finding that is to be mended first; -1: none is.
func asking(d record.Domain) int {
	return slices.IndexFunc(d.Findings, func(f record.Finding) bool {
		return !f.Warning || isCode(f, failure.ManualInvalid) && f.Actor != ""
	})
}

// attentionOf is whom the finding names, or else whom its reason does.
func attentionOf(f record.Finding) string {
	if f.Actor != "" {
		return failure.Reason{Actor: f.Actor}.Attention()
	}
	return failure.Of(f.Code).Attention()
}

// AppAttention is who must act for an app: the operator if anything needs the
// operator, else the owner if anything needs the owner. Claims that were not
// granted count, see [record.App].Refusals.
func AppAttention(a record.App, domains []record.Domain) string {
	worst := nobody
	for _, r := range a.Refusals {
		worst = worseAttention(worst, attentionOf(r.Finding))
	}
	for _, d := range domains {
		worst = worseAttention(worst, Attention(d))
	}
	return worst
}

func worseAttention(x, y string) string {
	for _, who := range []string{string(failure.Operator), string(failure.Owner)} {
		if x == who || y == who {
			return who
		}
	}
	return nobody
}

// severity orders states from worst to best.
var severity = []record.State{
	record.Failed, record.Failing, record.Held, record.Waiting, record.InProgress,
	record.DNSVerified, record.CertIssued, record.Manual, record.Disabled,
}

// Worst is the worst of the states, Disabled when there are none.
func Worst(states ...record.State) record.State {
	for _, s := range severity {
		for _, have := range states {
			if have == s {
				return s
			}
		}
	}
	return record.Disabled
}
