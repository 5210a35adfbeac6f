package status

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/record"

	"github.com/acmsync/acmsync/reconcile"
)

// header stands above every YAML file.
const header = "# Written by acmsync. Changes made here are overwritten; edit the desired state instead.\n"

// Summary is summary.yaml.
type Summary struct {
	APIVersion string   `yaml:"apiVersion" json:"apiVersion"`
	Kind       string   `yaml:"kind" json:"kind"`
	Observed   Observed `yaml:"observed" json:"observed"`
	// Status is the worst of all apps, Attention the most pressing.
	Status    string    `yaml:"status" json:"status"`
	Attention string    `yaml:"attention" json:"attention"`
	Apps      int       `yaml:"apps" json:"apps"`
	Domains   int       `yaml:"domains" json:"domains"`
	Ready     int       `yaml:"ready" json:"ready"`
	ByStatus  Counts    `yaml:"byStatus" json:"byStatus"`
	Act       ActCounts `yaml:"mustAct,flow" json:"mustAct"`
	Errors    int       `yaml:"errors" json:"errors"`
	// Held are the removals that wait for approval.
	Held *HeldStatus `yaml:"held,omitempty" json:"held,omitempty"`
}

// Observed says which push this status is about.
type Observed struct {
	Revision    string `yaml:"revision" json:"revision"`
	DesiredHash string `yaml:"desiredHash" json:"desiredHash"`
}

// Counts are domains by status.
type Counts struct {
	Failed      int `yaml:"Failed" json:"Failed"`
	Failing     int `yaml:"Failing" json:"Failing"`
	Held        int `yaml:"Held" json:"Held"`
	Waiting     int `yaml:"Waiting" json:"Waiting"`
	InProgress  int `yaml:"In Progress" json:"In Progress"`
	DNSVerified int `yaml:"DNS Verified" json:"DNS Verified"`
	CertIssued  int `yaml:"Cert Issued" json:"Cert Issued"`
	Manual      int `yaml:"Manual" json:"Manual"`
	Disabled    int `yaml:"Disabled" json:"Disabled"`
}

// ActCounts are domains by who must act.
type ActCounts struct {
	Owner    int `yaml:"owner" json:"owner"`
	Operator int `yaml:"operator" json:"operator"`
}

// HeldStatus is the set of removals that is approved, or not, as a whole.
type HeldStatus struct {
	Hash     string `yaml:"hash" json:"hash"`
	Removals int    `yaml:"removals" json:"removals"`
	Why      string `yaml:"why" json:"why"`
}

// ErrorList is errors.yaml.
type ErrorList struct {
	APIVersion string      `yaml:"apiVersion" json:"apiVersion"`
	Kind       string      `yaml:"kind" json:"kind"`
	Errors     []FileError `yaml:"errors" json:"errors"`
}

// FileError is one error of desired state.
type FileError struct {
	File    string `yaml:"file" json:"file"`
	Line    int    `yaml:"line" json:"line"`
	Column  int    `yaml:"column" json:"column"`
	Message string `yaml:"message" json:"message"`
}

// Platform is platform.yaml: what owners' commands must know.
type Platform struct {
	APIVersion    string       `yaml:"apiVersion" json:"apiVersion"`
	Kind          string       `yaml:"kind" json:"kind"`
	Target        string       `yaml:"target,omitempty" json:"target,omitempty"`
	Addresses     []netip.Addr `yaml:"addresses,omitempty,flow" json:"addresses,omitempty"`
	LegacyTargets []string     `yaml:"legacyTargets,omitempty,flow" json:"legacyTargets,omitempty"`
	Directory     string       `yaml:"directory" json:"directory"`
	CAAIdentities []string     `yaml:"caaIdentities,omitempty,flow" json:"caaIdentities,omitempty"`
	AccountURI    string       `yaml:"accountURI,omitempty" json:"accountURI,omitempty"`
	// Fallback are the CAs that are asked while that one cannot serve.
	Fallback   []Authority `yaml:"fallback,omitempty" json:"fallback,omitempty"`
	Thumbprint string      `yaml:"thumbprint,omitempty" json:"thumbprint,omitempty"`
	// Recipients are what to encrypt the key of a certificate of one's own to.
	Recipients       []string `yaml:"recipients,omitempty,flow" json:"recipients,omitempty"`
	ChallengeMode    string   `yaml:"challengeMode" json:"challengeMode"`
	DefaultChallenge string   `yaml:"defaultChallenge" json:"defaultChallenge"`
	DNSProvider      bool     `yaml:"dnsProvider,omitempty" json:"dnsProvider,omitempty"`
	ProbePort        int      `yaml:"probePort" json:"probePort"`
	ServedPort       int      `yaml:"servedPort" json:"servedPort"`
	Limits           Limits   `yaml:"limits" json:"limits"`
}

// Authority is one more CA.
type Authority struct {
	Directory     string   `yaml:"directory" json:"directory"`
	CAAIdentities []string `yaml:"caaIdentities,omitempty,flow" json:"caaIdentities,omitempty"`
	AccountURI    string   `yaml:"accountURI,omitempty" json:"accountURI,omitempty"`
}

// Limits are the operator's, as far as owners meet them.
type Limits struct {
	MaxDomainsPerApp int      `yaml:"maxDomainsPerApp" json:"maxDomainsPerApp"`
	AllowWildcards   bool     `yaml:"allowWildcards" json:"allowWildcards"`
	IneligiblePlans  []string `yaml:"ineligiblePlans,omitempty,flow" json:"ineligiblePlans,omitempty"`
	// RevokeAfter is the grace after a domain leaves, as a duration, or never.
	RevokeAfter string `yaml:"revokeAfter,omitempty" json:"revokeAfter,omitempty"`
	// VerifyOwnership: a TXT record is asked for before the first certificate.
	VerifyOwnership bool `yaml:"verifyOwnership,omitempty" json:"verifyOwnership,omitempty"`
}

// Grace says how long certificates outlive the wish for them: as settings have
// it, 24h, 1h30m or never.
func Grace(p reconcile.Policy) string {
	if p.NeverRevoke {
		return "never"
	}
	text := p.RevokeAfter.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// Render makes every file of the report, by its path below the status folder.
// The same report gives the same bytes.
func Render(r Report) (map[string][]byte, error) {
	apps := Apps(r)
	summary := r.summary(apps)
	documents := map[string]any{"summary.yaml": summary, "platform.yaml": r.platform()}
	for _, a := range apps {
		documents[AppPath(a.App, r.Shard)] = a
	}
	if errs := r.errors(); len(errs) > 0 {
		documents["errors.yaml"] = ErrorList{APIVersion, "Errors", errs}
	}
	files := map[string][]byte{"README.md": board(apps, summary, r.errors(), r.Shard)}
	for path, document := range documents {
		content, err := encode(document)
		if err != nil {
			return nil, fmt.Errorf("rendering %s: %w", path, err)
		}
		files[path] = content
	}
	return files, nil
}

// AppPath is where an app's document lies: apps/NAME.yaml, or with shard in a
// folder of the first two digits of the name's SHA-256.
func AppPath(app string, shard bool) string {
	if !shard {
		return "apps/" + app + ".yaml"
	}
	sum := sha256.Sum256([]byte(app))
	return "apps/" + hex.EncodeToString(sum[:1]) + "/" + app + ".yaml"
}

// Owned reports whether a path below the status folder is one that Render may
// write, so that a file it no longer writes can be deleted.
func Owned(path string) bool {
	switch path {
	case "README.md", "summary.yaml", "platform.yaml", "errors.yaml":
		return true
	}
	return strings.HasPrefix(path, "apps/") && strings.HasSuffix(path, ".yaml")
}

func encode(document any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func (r Report) summary(apps []AppStatus) Summary {
	s := Summary{
		APIVersion: APIVersion, Kind: "Summary",
		Observed: Observed{r.Revision, r.DesiredHash},
		Apps:     len(apps), Errors: len(r.Errors), Attention: "none",
	}
	var states []record.State
	for _, a := range apps {
		states = append(states, record.State(a.Status))
		s.Attention = more(s.Attention, a.Attention)
	}
	s.countAll(entries(apps))
	s.Status = worst(states)
	if r.HeldHash != "" {
		s.Held = r.held()
	}
	return s
}

func (r Report) held() *HeldStatus {
	h := &HeldStatus{Hash: r.HeldHash}
	for _, d := range r.Domains {
		if d.Held {
			h.Removals++
			h.Why = record.Clean(d.HoldWhy, maxText)
		}
	}
	return h
}

// countAll leaves out what was removed and is not held.
func (s *Summary) countAll(all []entry) {
	for _, e := range all {
		if e.Status != removedStatus {
			s.count(e.DomainStatus)
		}
	}
}

// wanted counts the domains that should be ready.
func (s Summary) wanted() int { return s.Domains - s.ByStatus.Disabled }

func (s *Summary) count(d DomainStatus) {
	s.Domains++
	if d.Ready {
		s.Ready++
	}
	switch d.Attention {
	case "owner":
		s.Act.Owner++
	case "operator":
		s.Act.Operator++
	}
	c := &s.ByStatus
	for state, n := range map[record.State]*int{
		record.Failed: &c.Failed, record.Failing: &c.Failing, record.Held: &c.Held, record.Waiting: &c.Waiting,
		record.InProgress: &c.InProgress, record.DNSVerified: &c.DNSVerified, record.CertIssued: &c.CertIssued,
		record.Manual: &c.Manual, record.Disabled: &c.Disabled,
	} {
		if string(state) == d.Status {
			*n++
		}
	}
}

func (r Report) errors() []FileError {
	var out []FileError
	for _, e := range r.Errors {
		out = append(out, FileError{record.Clean(e.File, maxText), e.Line, e.Column, record.Clean(e.Message, maxText)})
	}
	slices.SortStableFunc(out, func(a, b FileError) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

func (r Report) platform() Platform {
	p := r.Policy.Platform
	challenge := r.Policy.DefaultChallenge
	if challenge == "" {
		challenge = "http-01"
	}
	var fallback []Authority
	for _, ca := range r.Policy.Fallback {
		fallback = append(fallback, Authority{ca.Directory, ca.CAAIdentities, ca.AccountURI})
	}
	return Platform{
		APIVersion: APIVersion, Kind: "Platform", Fallback: fallback,
		Target: p.Target, Addresses: p.Addresses, LegacyTargets: p.LegacyTargets,
		Directory: r.Policy.Directory, CAAIdentities: p.CAAIdentities, AccountURI: cleanLine(p.AccountURI), Thumbprint: p.Thumbprint, Recipients: p.Recipients,
		ChallengeMode: p.ChallengeMode, DefaultChallenge: challenge, DNSProvider: r.Policy.DNSProvider, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		Limits: Limits{r.Policy.MaxDomainsPerApp, r.Policy.AllowWildcards, r.Policy.IneligiblePlans, Grace(r.Policy), p.VerifyOwnership},
	}
}
