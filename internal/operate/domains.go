package operate

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
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
	// Proofs are the TXT records of which one says that the name is the app's,
	// the narrowest first; none where none is needed, or not any more.
	Proofs []status.Record `json:"proofs,omitempty"`
	// Proof is what the last look said of them: pass or fail; "" when nobody
	// looked, or could.
	Proof string `json:"proof,omitempty"`
	// DNS is what the last look at the name said: pass, fail, unknown or
	// skipped; "" when nobody looked.
	DNS string `json:"dns,omitempty"`
	// Reason is the code of what is wrong, when something is.
	Reason string `json:"reason,omitempty"`
	// Now are the name's own records where they are not what they should be.
	Now []status.Record `json:"now,omitempty"`
}

// Records are the records of an app's domains on a platform, in the order of
// the file. seen is the report of the app; nil: there is none.
func Records(app spec.App, p record.Platform, seen *status.AppStatus) []DomainRecords {
	out := make([]DomainRecords, 0, len(app.Domains))
	for _, d := range app.Domains {
		q := record.Question{
			Name: d.Name, App: app.Name, Target: p.TargetFor(d.Name, app.Name, d.Target), Addresses: p.Addresses,
			Registered: spec.RegisteredDomain(d.Name),
		}
		one := DomainRecords{Name: d.Name, Unicode: d.Unicode, Records: records(diagnose.Expected(p, q))}
		if q.Target != "" && len(one.Records) > 0 && strings.HasPrefix(one.Records[0].Type, "A") && one.Records[0].Type != "ALIAS" {
			one.Or = &status.Record{Type: "ALIAS", Name: d.Name, Value: diagnose.Clean(q.Target, 300)}
		}
		if app.Managed(d) {
			one.Proofs = records(p.Proofs(d.Name, q.Registered, app.Name))
		}
		if seen != nil {
			if i := slices.IndexFunc(seen.Domains, func(s status.DomainStatus) bool { return s.Name == d.Name }); i >= 0 {
				one.report(seen.Domains[i])
			}
		}
		out = append(out, one)
	}
	return out
}

// report takes over what the last look said.
func (r *DomainRecords) report(seen status.DomainStatus) {
	r.DNS, r.Reason = seen.Checks.DNS, seen.Reason
	switch {
	case Unproven(seen):
		r.Proof = "fail"
	case seen.Certificate != nil:
		r.Proofs = nil
	}
	if r.DNS != "fail" {
		return
	}
	for _, rr := range seen.Observed {
		_, err := netip.ParseAddr(rr.Value) // it may say that there is none
		address := err == nil && (rr.Type == "A" || rr.Type == "AAAA")
		if rr.Name == r.Name && (address || rr.Type == "CNAME") {
			r.Now = append(r.Now, rr)
		}
	}
}

// Look says of each domain what its DNS is now, as judge finds it; looks are made
// side by side.
func Look(app spec.App, domains []DomainRecords, judge func(Subject) (Verdict, error)) error {
	var looks errgroup.Group
	looks.SetLimit(16)
	for i, d := range app.Domains {
		looks.Go(func() error {
			s := SubjectOf(app, d, "")
			s.Proven = len(domains[i].Proofs) == 0
			v, err := judge(s)
			if err == nil {
				domains[i].looked(v)
			}
			return err
		})
	}
	return looks.Wait()
}

// SubjectOf is what desired state says of a domain; challenge is the platform's
// default.
func SubjectOf(app spec.App, d spec.Domain, challenge string) Subject {
	return Subject{Name: d.Name, App: app.Name, Target: d.Target, Challenge: cmp.Or(d.Challenge, app.Challenge, challenge)}
}

func (r *DomainRecords) looked(v Verdict) {
	r.DNS, r.Reason, r.Now = string(v.Checks.DNS), "", nil
	if r.Proof = ""; v.Proof == record.Pass || v.Proof == record.Fail {
		r.Proof = string(v.Proof)
	}
	if v.Checks.DNS != record.Fail {
		return
	}
	r.Now = own(v)
	for _, f := range v.Findings {
		if f.Code != failure.OwnershipUnproven {
			r.Reason = string(f.Code)
			break
		}
	}
}

// own are the records of the name itself: its alias, or else its addresses.
func own(v Verdict) []status.Record {
	d := v.Observation.DNS
	if len(d.Chain) > 0 {
		return records(d.Chain[:1])
	}
	var rrs []record.RR
	for _, a := range slices.Concat(d.A.Addrs, d.AAAA.Addrs) {
		family := "A"
		if a.Is6() {
			family = "AAAA"
		}
		rrs = append(rrs, record.RR{Type: family, Name: v.Name, Value: a.String()})
	}
	return records(rrs)
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
