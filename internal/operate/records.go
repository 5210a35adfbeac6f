package operate

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/status"
)

// WriteRecords prints the records as a table, the CAs' identities below it.
func WriteRecords(w io.Writer, domains []DomainRecords, identities []string) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTYPE\tVALUE\tNOW")
	alias := false
	for _, d := range domains {
		now := d.now()
		for _, r := range d.Records {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Name, r.Type, r.Value, now)
		}
		if len(d.Records) == 0 {
			fmt.Fprintf(t, "%s\t\t%s\t%s\n", d.Name, "the record that the platform's operator names", now)
		}
		if d.Or != nil {
			alias = true
			fmt.Fprintf(t, "  or\t%s\t%s\t\n", d.Or.Type, d.Or.Value)
		}
		if len(d.Proofs) > 0 {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.Proofs[0].Name, d.Proofs[0].Type, d.Proofs[0].Value, proofNow[d.Proof])
		}
	}
	_ = t.Flush() // to memory
	if alias {
		b.WriteString("\nWhere a provider offers ALIAS (or ANAME, or a flattened CNAME), it does instead of all A and AAAA records of that name.\n")
	}
	b.WriteString(proofWords(domains))
	if len(identities) > 0 {
		quoted := make([]string, len(identities))
		for i, id := range identities {
			quoted[i] = `0 issue "` + diagnose.Clean(id, 300) + `"`
		}
		fmt.Fprintf(&b, "\nIf the zone has CAA records, one must be %s. If it has none, leave it so.\n", strings.Join(quoted, ", or "))
	}
	for _, line := range strings.SplitAfter(b.String(), "\n") {
		if _, err := io.WriteString(w, trimmed(line)); err != nil {
			return err
		}
	}
	return nil
}

// now is how the name's records are, in a few words; "": nobody looked, or nobody
// could.
func (r DomainRecords) now() string {
	switch {
	case r.DNS == "pass":
		return "as it should be"
	case r.DNS != "fail":
		return ""
	case len(r.Now) == 0:
		return r.Reason
	}
	var have []string
	for _, rr := range r.Now {
		have = append(have, rr.Type+" "+rr.Value)
	}
	return strings.Join(have, ", ") + " (" + r.Reason + ")"
}

// WriteRecordsZone prints the records as lines of a zone file (RFC 1035, section
// 5.1). What is there instead, and what is no record, is a comment.
func WriteRecordsZone(w io.Writer, app string, domains []DomainRecords, identities []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "; the records of %s\n", app)
	for _, d := range domains {
		for _, rr := range d.Now {
			fmt.Fprintf(&b, "; remove: %s\n", zoneLine(rr))
		}
		for _, rr := range d.Records {
			comment := ""
			if now := d.now(); now != "" && len(d.Now) == 0 {
				comment = " ; " + now
			}
			b.WriteString(map[bool]string{true: "; or as the provider has it: "}[rr.Type == "ALIAS"] + zoneLine(rr) + comment + "\n")
		}
		if len(d.Records) == 0 {
			fmt.Fprintf(&b, "; %s: the record that the platform's operator names\n", d.Name)
		}
		if d.Or != nil {
			fmt.Fprintf(&b, "; or: %s\n", zoneLine(*d.Or))
		}
		for i, rr := range d.Proofs {
			b.WriteString(map[bool]string{true: "; or, for all names below: "}[i > 0] + zoneLine(rr) + "\n")
		}
	}
	for _, id := range identities {
		fmt.Fprintf(&b, "; if the zone has CAA records: CAA 0 issue %q\n", diagnose.Clean(id, 300))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func zoneLine(rr status.Record) string {
	value := rr.Value
	if rr.Type == "CNAME" || rr.Type == "ALIAS" {
		value += "."
	}
	if rr.Type == "TXT" { // a semicolon would begin a comment
		value = `"` + value + `"`
	}
	return rr.Name + ". " + rr.Type + " " + value
}

// trimmed is a line without the blanks that columns leave at its end.
func trimmed(line string) string {
	text, ended := strings.CutSuffix(line, "\n")
	text = strings.TrimRight(text, " ")
	if ended {
		text += "\n"
	}
	return text
}

// WriteRecordsJSON writes the same for programs.
func WriteRecordsJSON(w io.Writer, app string, domains []DomainRecords, identities []string) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		App           string          `json:"app"`
		Domains       []DomainRecords `json:"domains"`
		CAAIdentities []string        `json:"caaIdentities,omitempty"`
	}{app, domains, identities})
}
