package status

import "time"

// APIVersion stands in every document.
const APIVersion = "acmsync/v1"

// AppStatus is one app's document, apps/NAME.yaml. Times are UTC, to the
// second.
type AppStatus struct {
	APIVersion string `yaml:"apiVersion" json:"apiVersion"`
	Kind       string `yaml:"kind" json:"kind"`
	App        string `yaml:"app" json:"app"`
	// ACM is enabled, disabled, manual, migrating or ineligible.
	ACM string `yaml:"acm" json:"acm"`
	// Desired is current, or refused; then Error says why.
	Desired string `yaml:"desired" json:"desired"`
	// Error is file:line:col: message.
	Error string `yaml:"error,omitempty" json:"error,omitempty"`
	// Revision is BRANCH@sha1:COMMIT at which the app's entry last changed.
	Revision string `yaml:"revision" json:"revision"`
	// Status is the worst of its domains'.
	Status string `yaml:"status" json:"status"`
	// Attention is who must act: none, owner or operator.
	Attention      string         `yaml:"attention" json:"attention"`
	HandledRefresh string         `yaml:"handledRefresh,omitempty" json:"handledRefresh,omitempty"`
	Domains        []DomainStatus `yaml:"domains" json:"domains"`
	// Removed are domains whose certificate is on its way out.
	Removed []RemovedStatus `yaml:"removed,omitempty" json:"removed,omitempty"`
}

// DomainStatus is one domain of an app.
type DomainStatus struct {
	Name string `yaml:"name" json:"name"`
	// Unicode is an internationalised name as people write it.
	Unicode string `yaml:"unicode,omitempty" json:"unicode,omitempty"`
	Status  string `yaml:"status" json:"status"`
	// Ready: a valid certificate is deployed everywhere and, where that was
	// looked at, served.
	Ready bool `yaml:"ready" json:"ready"`
	// Attention is owner or operator; absent when nobody must act.
	Attention string    `yaml:"attention,omitempty" json:"attention,omitempty"`
	Since     time.Time `yaml:"since,omitempty" json:"since,omitzero"`
	// Trouble is set while there is no valid certificate because of it, or
	// while the valid one is not served.
	Trouble `yaml:",inline"`
	Also    []Also `yaml:"also,omitempty" json:"also,omitempty"`
	// Notes are worth knowing, though nothing is wrong: sentences.
	Notes            []string       `yaml:"notes,omitempty" json:"notes,omitempty"`
	Problem          *ProblemStatus `yaml:"problem,omitempty" json:"problem,omitempty"`
	FirstFailed      time.Time      `yaml:"firstFailed,omitempty" json:"firstFailed,omitzero"`
	Attempts         int            `yaml:"attempts,omitempty" json:"attempts,omitempty"`
	NextAttempt      time.Time      `yaml:"nextAttempt,omitempty" json:"nextAttempt,omitzero"`
	RateLimitedUntil time.Time      `yaml:"rateLimitedUntil,omitempty" json:"rateLimitedUntil,omitzero"`
	// Notified is when it was decided to tell somebody of the present incident.
	Notified    time.Time          `yaml:"notified,omitempty" json:"notified,omitzero"`
	Checks      ChecksStatus       `yaml:"checks,flow" json:"checks"`
	Certificate *CertificateStatus `yaml:"certificate,omitempty" json:"certificate,omitempty"`
	// Renewal is set while the certificate is valid but its renewal fails.
	Renewal *RenewalStatus `yaml:"renewal,omitempty" json:"renewal,omitempty"`
}

// Trouble is a finding with all that its owner needs to mend it.
type Trouble struct {
	Reason   string   `yaml:"reason,omitempty" json:"reason,omitempty"`
	Title    string   `yaml:"title,omitempty" json:"title,omitempty"`
	Message  string   `yaml:"message,omitempty" json:"message,omitempty"`
	Remedy   string   `yaml:"remedy,omitempty" json:"remedy,omitempty"`
	Fix      *Fix     `yaml:"fix,omitempty" json:"fix,omitempty"`
	Docs     string   `yaml:"docs,omitempty" json:"docs,omitempty"`
	Expected []Record `yaml:"expected,omitempty,flow" json:"expected,omitempty"`
	Observed []Record `yaml:"observed,omitempty,flow" json:"observed,omitempty"`
}

// Fix is the change of the owner's zone that mends it.
type Fix struct {
	// Provider serves the zone; absent when it was not recognised. Then there
	// are no Steps.
	Provider string `yaml:"provider,omitempty" json:"provider,omitempty"`
	// Steps are what to do there, in its own words.
	Steps []string `yaml:"steps,omitempty" json:"steps,omitempty"`
	// Zone is the change as lines of a zone file; what to remove is a comment.
	Zone string `yaml:"zone,omitempty" json:"zone,omitempty"`
}

// Record is one DNS record; of type TLS, what a name should present in a
// handshake, or an address does.
type Record struct {
	Type  string `yaml:"type" json:"type"`
	Name  string `yaml:"name" json:"name"`
	Value string `yaml:"value" json:"value"`
}

// Also is a further finding, in the order to mend them.
type Also struct {
	Reason string `yaml:"reason" json:"reason"`
	Remedy string `yaml:"remedy" json:"remedy"`
}

// ProblemStatus is what the CA said.
type ProblemStatus struct {
	Type   string `yaml:"type,omitempty" json:"type,omitempty"`
	Detail string `yaml:"detail,omitempty" json:"detail,omitempty"`
	Status int    `yaml:"status,omitempty" json:"status,omitempty"`
}

// ChecksStatus are the six lights: pass, fail, unknown (could not ask) or
// skipped.
type ChecksStatus struct {
	DNS       string `yaml:"dns" json:"dns"`
	CAA       string `yaml:"caa" json:"caa"`
	Challenge string `yaml:"challenge" json:"challenge"`
	Issued    string `yaml:"issued" json:"issued"`
	Deployed  string `yaml:"deployed" json:"deployed"`
	Served    string `yaml:"served" json:"served"`
}

// CertificateStatus is the certificate in use.
type CertificateStatus struct {
	Serial string `yaml:"serial" json:"serial"`
	SHA256 string `yaml:"sha256" json:"sha256"`
	Issuer string `yaml:"issuer" json:"issuer"`
	// Directory is the CA it is of, if that is another than acme.directory.
	Directory string    `yaml:"directory,omitempty" json:"directory,omitempty"`
	Profile   string    `yaml:"profile,omitempty" json:"profile,omitempty"`
	NotBefore time.Time `yaml:"notBefore" json:"notBefore"`
	NotAfter  time.Time `yaml:"notAfter" json:"notAfter"`
	// RenewAt is absent for one that its owner brings along.
	RenewAt time.Time `yaml:"renewAt,omitempty" json:"renewAt,omitzero"`
	// ReplacedEarly: its CA wanted the certificate before it replaced at once.
	ReplacedEarly bool `yaml:"replacedEarly,omitempty" json:"replacedEarly,omitempty"`
	// Revoked: its CA has revoked it, and another is wanted. ReplacedRevoked: that
	// is why the one before it was replaced.
	Revoked         *RevocationStatus `yaml:"revoked,omitempty" json:"revoked,omitempty"`
	ReplacedRevoked *RevocationStatus `yaml:"replacedRevoked,omitempty" json:"replacedRevoked,omitempty"`
	Names           []string          `yaml:"names,flow" json:"names"`
}

// RevocationStatus is a revocation that was not ours.
type RevocationStatus struct {
	Serial string    `yaml:"serial" json:"serial"`
	At     time.Time `yaml:"at" json:"at"`
	// Reason is the CA's, by its name in RFC 5280, section 5.3.1.
	Reason string `yaml:"reason" json:"reason"`
}

// RenewalStatus is why a certificate that is still valid is not renewed, or
// not deployed everywhere.
type RenewalStatus struct {
	Reason      string    `yaml:"reason" json:"reason"`
	Message     string    `yaml:"message" json:"message"`
	Remedy      string    `yaml:"remedy" json:"remedy"`
	Attempts    int       `yaml:"attempts" json:"attempts"`
	NextAttempt time.Time `yaml:"nextAttempt,omitempty" json:"nextAttempt,omitzero"`
}

// RemovedStatus is a domain whose certificate is no longer wanted.
type RemovedStatus struct {
	Name      string    `yaml:"name" json:"name"`
	RevokeAt  time.Time `yaml:"revokeAt,omitempty" json:"revokeAt,omitzero"`
	RevokedAt time.Time `yaml:"revokedAt,omitempty" json:"revokedAt,omitzero"`
	// NotRevoked is why the certificate is left to expire instead.
	NotRevoked string `yaml:"notRevoked,omitempty" json:"notRevoked,omitempty"`
	// Held: it stays until the operator approves, see HeldWhy.
	Held    bool   `yaml:"held" json:"held"`
	HeldWhy string `yaml:"heldWhy,omitempty" json:"heldWhy,omitempty"`
}
