package operate

import (
	"encoding/json"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// document is a Verdict as other programs read it. Its words are those of the
// status documents.
type document struct {
	Name     string            `json:"name"`
	Unicode  string            `json:"unicode,omitempty"`
	Checks   map[string]string `json:"checks"`
	Findings []finding         `json:"findings"`
	Seen     evidence          `json:"seen"`
}

type finding struct {
	status.Trouble
	// Warning: worth knowing, but a CA would issue.
	Warning bool `json:"warning,omitempty"`
}

// MarshalJSON writes what was found and what was seen.
func (v Verdict) MarshalJSON() ([]byte, error) {
	d := document{Name: v.Name, Unicode: v.Unicode, Findings: []finding{}, Checks: map[string]string{}}
	for name, check := range map[string]record.Check{
		"dns": v.Checks.DNS, "caa": v.Checks.CAA, "challenge": v.Checks.Challenge, "served": v.Checks.Served,
	} {
		if check == "" {
			check = record.Unknown
		}
		d.Checks[name] = string(check)
	}
	for _, f := range v.Findings {
		d.Findings = append(d.Findings, finding{Warning: f.Warning, Trouble: status.Trouble{
			Reason: string(f.Code), Title: failure.Of(f.Code).Title, Docs: f.Code.DocsURL(),
			Message: record.Clean(f.Message, 600), Remedy: record.Clean(f.Remedy, 600),
			Expected: records(f.Expected), Observed: records(f.Observed), Fix: status.FixOf(f.Fix),
		}})
	}
	if v.Proof != "" {
		d.Checks["ownership"] = string(v.Proof)
	}
	d.Seen = evidenceOf(v.Observation)
	return json.Marshal(d)
}

func records(rrs []record.RR) []status.Record {
	out := make([]status.Record, 0, len(rrs))
	for _, rr := range rrs {
		out = append(out, status.Record{Type: rr.Type, Name: rr.Name, Value: record.Clean(rr.Value, 600)})
	}
	return out
}
