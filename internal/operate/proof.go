package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// proved is the light of a proof of ownership; empty: none is needed.
func proved(q record.Question, seen record.Observation, found []record.Finding) record.Check {
	if !q.Ownership {
		return ""
	}
	if _, ok := diagnose.Proof(q, seen); ok {
		return record.Pass
	}
	if slices.ContainsFunc(found, func(f record.Finding) bool { return f.Code == failure.OwnershipUnproven }) {
		return record.Fail
	}
	return record.Unknown
}

// drawProof is what stands at each name where a proof may.
func drawProof(seen *record.Ownership) []string {
	if seen == nil {
		return nil
	}
	var lines []string
	for _, t := range seen.Texts {
		d := &drawing{}
		d.add("%s", t.Name)
		d.depth++
		switch {
		case t.Alias != "":
			d.add("CNAME %s (not followed)", t.Alias)
		case len(t.Values) == 0:
			d.add("%s", worded(t.Answer))
		}
		var values []string
		for _, value := range t.Values {
			values = append(values, "TXT "+value)
		}
		d.leaves(some(values))
		lines = append(lines, d.lines...)
	}
	return lines
}

// textRecords is the same as records.
func textRecords(seen *record.Ownership) []status.Record {
	if seen == nil {
		return nil
	}
	var rrs []record.RR
	for _, t := range seen.Texts {
		for _, value := range t.Values {
			rrs = append(rrs, record.RR{Type: "TXT", Name: record.Clean(t.Name, 300), Value: value})
		}
	}
	return records(rrs)
}

// Unproven reports whether a domain waits for a proof, or will.
func Unproven(d status.DomainStatus) bool {
	code := string(failure.OwnershipUnproven)
	return d.Reason == code || d.Renewal != nil && d.Renewal.Reason == code ||
		slices.ContainsFunc(d.Also, func(a status.Also) bool { return a.Reason == code })
}

// CloneProven is, for each name with a certificate, the app that it is known to
// belong to, by the status branch of the clone around dir.
func CloneProven(ctx context.Context, dir, branch string) map[string]string {
	apps, _, err := CloneStatus(ctx, dir, branch)
	if err != nil {
		return nil // then nothing is known
	}
	proven := map[string]string{}
	for _, app := range apps {
		for _, d := range app.Domains {
			if d.Certificate != nil && !Unproven(d) {
				proven[d.Name] = app.App
			}
		}
	}
	return proven
}

// proofNow words what the last look said of a name's proof.
var proofNow = map[string]string{"pass": "as it should be", "fail": string(failure.OwnershipUnproven)}

// proofWords say what the TXT records are for, and which do for whole domains.
func proofWords(domains []DomainRecords) string {
	var b strings.Builder
	var said []string
	for _, d := range domains {
		if len(d.Proofs) == 0 {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("\nThe TXT records say that a name is this app's. Each must be there before its first certificate, beside what is there already.\n")
		}
		last := d.Proofs[len(d.Proofs)-1]
		if len(d.Proofs) > 1 && !slices.Contains(said, last.Name) {
			said = append(said, last.Name)
			fmt.Fprintf(&b, "One does for all names of %s: %s TXT %s\n", strings.TrimPrefix(last.Name, record.ProofLabel+"."), last.Name, last.Value)
		}
	}
	return b.String()
}
