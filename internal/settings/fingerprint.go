package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Fingerprint digests what decisions are made of: another fingerprint means
// that every domain deserves another look. Where and how fast the work is done
// (repository, store, concurrency, interval, the pace of requests) does not count.
func (s Settings) Fingerprint() string {
	policy := s.Policy
	policy.Concurrency = 0
	targets := make([]string, len(s.Deploy))
	for i, d := range s.Deploy {
		targets[i] = d.Name + " " + d.Dir
	}
	content, err := json.Marshal(struct {
		Directory string
		Limits    Limits
		Challenge Challenge
		Platform  Platform
		Policy    Policy
		Targets   []string
		Fallback  []Fallback `json:",omitempty"`
	}{s.ACME.Directory, s.ACME.Limits.ofOrders(), s.Challenge, s.Platform, policy, targets, fallback(s.ACME.Fallback)})
	if err != nil {
		panic(fmt.Sprintf("settings cannot be marshalled: %v", err))
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// fallback is what counts of the further CAs.
func fallback(all []Fallback) []Fallback {
	var out []Fallback
	for _, f := range all {
		out = append(out, Fallback{Directory: f.Directory, Limits: f.Limits.ofOrders()})
	}
	return out
}

// ofOrders are the limits without the pace of requests.
func (l Limits) ofOrders() Limits {
	l.Requests = Requests{}
	return l
}
