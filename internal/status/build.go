package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/reconcile"
)

// Report is all that the status files are made of.
type Report struct {
	Apps    []record.App
	Domains []record.Domain
	// Errors are the errors of desired state at the tip.
	Errors []record.FileError
	// Revision (a full commit id) is where DesiredHash was first seen on
	// Branch.
	Revision, DesiredHash, Branch string
	// Policy is the operator's; its Platform goes into platform.yaml.
	Policy reconcile.Policy
	// HeldHash names the removals that wait for approval; empty: none do.
	HeldHash string
	// Shard spreads the files of apps over folders.
	Shard bool
}

// Apps is the document of every app, sorted by name. Apps that left desired
// state are there until nothing of theirs is left.
func Apps(r Report) []AppStatus {
	rows := map[string][]record.Domain{}
	for _, d := range r.Domains {
		rows[d.App] = append(rows[d.App], d)
	}
	var out []AppStatus
	for _, a := range r.Apps {
		if !a.Gone || len(rows[a.Name]) > 0 {
			out = append(out, r.app(a, rows[a.Name]))
		}
		delete(rows, a.Name)
	}
	for name, left := range rows {
		out = append(out, r.app(record.App{Name: name, ACM: "disabled", Gone: true}, left))
	}
	slices.SortFunc(out, func(a, b AppStatus) int { return cmp.Compare(a.App, b.App) })
	return out
}

func (r Report) app(a record.App, rows []record.Domain) AppStatus {
	s := AppStatus{
		APIVersion: APIVersion, Kind: "AppStatus", App: a.Name, ACM: a.ACM,
		Desired: "current", Revision: a.Revision, HandledRefresh: record.Clean(a.Refresh, maxText),
		Attention: reconcile.AppAttention(a, rows), Domains: []DomainStatus{},
	}
	var states []record.State
	for _, d := range rows {
		if d.Mode != record.Removed {
			s.Domains = append(s.Domains, r.domain(d).frozen(d, r.refusedFile(a)))
			states = append(states, state(d))
		}
		if leaving(d) {
			s.Removed = append(s.Removed, r.removed(d))
		}
		if d.Held {
			states = append(states, record.Held)
			s.Attention = more(s.Attention, string(failure.Operator))
		}
	}
	for _, refusal := range a.Refusals {
		s.Domains = append(s.Domains, refused(refusal))
		states = append(states, record.Failing)
	}
	s.Status = string(reconcile.Worst(states...))
	if a.Error != nil {
		s.Desired, s.Error = "refused", place(*a.Error)
		s.Attention = more(s.Attention, string(failure.Owner))
	}
	slices.SortFunc(s.Domains, func(a, b DomainStatus) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Removed, func(a, b RemovedStatus) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// place is file:line:col: message.
func place(e record.FileError) string {
	return fmt.Sprintf("%s:%d:%d: %s", record.Clean(e.File, maxText), e.Line, e.Column, record.Clean(e.Message, maxText))
}

// state is what the owner is told. A held row lives on as if nothing had
// happened, which is not how it stands.
func state(d record.Domain) record.State {
	switch {
	case d.Held:
		return record.Held
	case d.State == "":
		return record.Waiting
	}
	return d.State
}

// inUse: a certificate of the row is valid and served by the platform.
func inUse(s record.State) bool { return s == record.CertIssued || s == record.Manual }

// leaving reports whether a certificate of the row is on its way out.
func leaving(d record.Domain) bool {
	return d.Held || d.Mode == record.Removed || !d.LeftAt.IsZero() && d.Certificate != nil
}

func (r Report) removed(d record.Domain) RemovedStatus {
	s := RemovedStatus{Name: d.Name(), Held: d.Held, HeldWhy: record.Clean(d.HoldWhy, maxText)}
	if !d.Held && !r.Policy.NeverRevoke && !d.LeftAt.IsZero() {
		s.RevokeAt = second(d.LeftAt.Add(r.Policy.RevokeAfter))
	}
	for _, old := range d.Superseded {
		switch {
		case d.Certificate != nil:
		case old.RevokedAt.After(s.RevokedAt):
			s.RevokedAt = second(old.RevokedAt)
		case old.RevokedAt.IsZero() && old.RevokeAt.IsZero():
			s.RevokeAt, s.NotRevoked = time.Time{}, record.Clean(old.Why, maxText)
		}
	}
	return s
}

func (r Report) domain(d record.Domain) DomainStatus {
	s := DomainStatus{
		Name: d.Name(), Unicode: toUnicode(d.Name()), Status: string(state(d)), Ready: r.ready(d),
		Since: second(d.Since), Checks: checks(d.Checks), Certificate: r.certificate(d),
		RateLimitedUntil: second(d.Attempt.RateLimitedUntil), Notified: second(d.Notice.Told),
	}
	if who := reconcile.Attention(d); who != "none" {
		s.Attention = who
	}
	s.tell(d)
	return s
}

// tell sorts the findings: the first in front, what else keeps a certificate in
// use from its renewal into the renewal's block, the others behind.
func (s *DomainStatus) tell(d record.Domain) {
	told := false // what stands in the way of a certificate, or of the next one
	for _, f := range d.Findings {
		switch {
		case f.Code == failure.ManualInvalid && f.Warning && f.Actor != "" && s.Reason == "":
			s.Trouble = trouble(f)
			s.Title = "Manual certificate expires soon" // it is still as valid as any
		case f.Code == failure.ManualInvalid && f.Warning:
			s.Notes = append(s.Notes, record.Clean(f.Message+" "+f.Remedy, maxText))
		case f.Code == failure.NotServed && !f.Warning && s.Reason == "":
			s.Trouble, s.FirstFailed = trouble(f), second(f.Since)
		case f.Warning || told || s.Reason != "" && !inUse(d.State):
			s.Also = append(s.Also, Also{Reason: string(f.Code), Remedy: record.Clean(f.Remedy, maxText)})
		default:
			told = true
			s.explain(d, f)
		}
	}
}

// explain puts the finding where it belongs: in front while there is no valid
// certificate because of it, else into the renewal's block.
func (s *DomainStatus) explain(d record.Domain, f record.Finding) {
	if d.Problem != nil {
		s.Problem = &ProblemStatus{Type: record.Clean(d.Problem.Type, maxDetail), Detail: detail(*d.Problem), Status: d.Problem.Status}
	}
	if s.FirstFailed.IsZero() {
		s.FirstFailed = second(d.Attempt.FirstFailed)
	}
	if s.FirstFailed.IsZero() {
		s.FirstFailed = second(f.Since)
	}
	if inUse(d.State) {
		s.Renewal = &RenewalStatus{
			Reason: string(f.Code), Message: record.Clean(f.Message, maxText), Remedy: record.Clean(f.Remedy, maxText),
			Attempts: d.Attempt.Count, NextAttempt: second(d.Attempt.Next),
		}
		return
	}
	s.Trouble = trouble(f)
	s.Attempts, s.NextAttempt = d.Attempt.Count, second(d.Attempt.Next)
}

func trouble(f record.Finding) Trouble {
	return Trouble{
		Reason: string(f.Code), Title: failure.Of(f.Code).Title,
		Message: record.Clean(f.Message, maxText), Remedy: record.Clean(f.Remedy, maxText), Docs: f.Code.DocsURL(),
		Expected: records(f.Expected), Observed: records(f.Observed), Fix: FixOf(f.Fix),
	}
}

// FixOf is a fix as documents have it; nil for nil.
func FixOf(f *record.Fix) *Fix {
	if f == nil {
		return nil
	}
	out := &Fix{Provider: record.Clean(f.Provider, maxDetail)}
	for _, step := range f.Steps {
		out.Steps = append(out.Steps, record.Clean(step, maxText))
	}
	out.Zone = cleanLines(f.Zone)
	return out
}

func records(rrs []record.RR) []Record {
	var out []Record
	for _, rr := range rrs {
		out = append(out, Record{record.Clean(rr.Type, maxDetail), record.Clean(rr.Name, maxDetail), record.Clean(rr.Value, maxText)})
	}
	return out
}

// refused is a claim that was not granted; nothing about it was looked at.
func refused(r record.Refusal) DomainStatus {
	s := DomainStatus{
		Name: r.Name, Unicode: toUnicode(r.Name), Status: string(record.Failing), Since: second(r.Since),
		Trouble: trouble(r.Finding),
		Checks:  ChecksStatus{"skipped", "skipped", "skipped", "skipped", "skipped", "skipped"},
	}
	if who := failure.Of(r.Finding.Code).Attention(); who != "none" {
		s.Attention = who
	}
	return s
}

// ready asks for every target, not for the newest certificate: an older one
// that is valid serves as well.
func (r Report) ready(d record.Domain) bool {
	kept := inUse(d.State) || d.Held
	if _, revoked := reconcile.Revoked(d); revoked {
		return false
	}
	if !kept || d.Certificate == nil || d.Checks.Served == record.Fail {
		return false
	}
	for _, target := range r.Policy.Targets {
		if !slices.ContainsFunc(d.Deployed, func(at record.Deployment) bool { return at.Target == target && at.SHA256 != "" }) {
			return false
		}
	}
	return true
}

func (r Report) certificate(d record.Domain) *CertificateStatus {
	c := d.Certificate
	if c == nil {
		return nil
	}
	var renewAt time.Time
	if !c.Manual() {
		renewAt = second(reconcile.RenewalTime(d, r.Policy))
	}
	directory := ""
	if !c.Manual() && c.Directory != r.Policy.Directory {
		directory = record.Clean(c.Directory, maxDetail)
	}
	return &CertificateStatus{
		Directory: directory,
		Serial:    c.Serial, SHA256: c.SHA256, Issuer: record.Clean(c.Issuer, maxDetail), Profile: c.Profile,
		NotBefore: second(c.NotBefore), NotAfter: second(c.NotAfter),
		RenewAt: renewAt, ReplacedEarly: reconcile.ReplacedEarly(d), Names: slices.Clone(c.Names),
		Revoked: revocation(reconcile.Revoked(d)), ReplacedRevoked: revocation(reconcile.ReplacedRevoked(d)),
	}
}

func revocation(r record.Revocation, known bool) *RevocationStatus {
	if !known {
		return nil
	}
	return &RevocationStatus{Serial: r.Serial, At: second(r.At), Reason: r.Why()}
}

func checks(c record.Checks) ChecksStatus {
	return ChecksStatus{
		light(c.DNS), light(c.CAA), light(c.Challenge), light(c.Issued), light(c.Deployed), light(c.Served),
	}
}

func light(c record.Check) string {
	if c == "" {
		return string(record.Unknown)
	}
	return string(c)
}

// second is a time as files hold it.
func second(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
