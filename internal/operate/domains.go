package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/spec"
)

// DomainRecords are what the owner of a domain must have in DNS.
type DomainRecords struct {
	Name string `json:"name"`
	// Unicode is how people write the name; empty when that is Name itself.
	Unicode string          `json:"unicode,omitempty"`
	Records []status.Record `json:"records"`
	// Or is a record that does as well, where the provider has it.
	Or *status.Record `json:"or,omitempty"`
	// DNS is what the last look at the name said: pass, fail, unknown or
	// skipped; "" when the report has nothing about it.
	DNS string `json:"dns,omitempty"`
	// Reason is the code of what is wrong, when something is.
	Reason string `json:"reason,omitempty"`
}

// Records are the records of an app's domains on a platform, in the order of
// the file. seen is the report of the app; nil: there is none.
func Records(app spec.App, p record.Platform, seen *status.AppStatus) []DomainRecords {
	out := make([]DomainRecords, 0, len(app.Domains))
	for _, d := range app.Domains {
		q := record.Question{
			Name: d.Name, App: app.Name, Target: p.TargetFor(d.Name, app.Name, d.Target), Addresses: p.Addresses,
			Apex: spec.RegisteredDomain(d.Name) == d.Name,
		}
		one := DomainRecords{Name: d.Name, Unicode: d.Unicode, Records: records(diagnose.Expected(p, q))}
		if q.Target != "" && len(one.Records) > 0 && strings.HasPrefix(one.Records[0].Type, "A") && one.Records[0].Type != "ALIAS" {
			one.Or = &status.Record{Type: "ALIAS", Name: d.Name, Value: diagnose.Clean(q.Target, 300)}
		}
		if seen != nil {
			if i := slices.IndexFunc(seen.Domains, func(s status.DomainStatus) bool { return s.Name == d.Name }); i >= 0 {
				one.DNS, one.Reason = seen.Domains[i].Checks.DNS, seen.Domains[i].Reason
			}
		}
		out = append(out, one)
	}
	return out
}

// Desired is one app of desired state. In a clone the files that are checked
// out come first, so that the records of a domain can be had before it is
// pushed; else it is the tip.
func (o *Origin) Desired(ctx context.Context, name, dir string, report Report) (spec.App, error) {
	files, err := o.checkedOut(dir)
	if err != nil {
		return spec.App{}, err
	}
	if files == nil {
		branch, err := o.branch(ctx, report.App)
		if err != nil {
			return spec.App{}, err
		}
		snap, err := o.tip(ctx, branch)
		if err != nil {
			return spec.App{}, err
		}
		if _, files, _, err = o.desired(ctx, snap); err != nil {
			return spec.App{}, err
		}
	}
	return spec.Find(files, name, spec.Options{})
}

// checkedOut are the files of the clone around dir, or nil.
func (o *Origin) checkedOut(dir string) ([]spec.File, error) {
	if o.clone == nil {
		return nil, nil
	}
	for within := o.within; ; within = filepath.Dir(within) {
		files, err := Folder(dir)
		if err == nil || !errors.Is(err, ErrNoDesired) {
			return files, err
		}
		if within == "." {
			return nil, nil
		}
		dir = filepath.Join(dir, "..")
	}
}

// WriteRecords prints the records as a table, the CAs' identities below it.
func WriteRecords(w io.Writer, domains []DomainRecords, identities []string) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTYPE\tVALUE\tNOW")
	alias := false
	for _, d := range domains {
		now := map[string]string{"pass": "as it should be", "fail": d.Reason}[d.DNS]
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
	}
	_ = t.Flush() // to memory
	if alias {
		b.WriteString("\nWhere a provider offers ALIAS (or ANAME, or a flattened CNAME), it does instead of all A and AAAA records of that name.\n")
	}
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
