package main

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/issue"
)

// authorities are the CA of acme and those of acme.fallback, in this order, all
// with the same account key.
func (p *parts) authorities(key crypto.Signer) ([]*issue.CA, error) {
	s := p.settings.ACME
	first := settings.Fallback{Directory: s.Directory, Email: s.Email, CAFile: s.CAFile, EAB: s.EAB, Limits: s.Limits}
	var all []*issue.CA
	for i, f := range append([]settings.Fallback{first}, s.Fallback...) {
		at := "acme"
		if i > 0 {
			at = fmt.Sprintf("acme.fallback[%d]", i-1)
		}
		ca, err := p.authority(at, f, key)
		if err != nil {
			return nil, err
		}
		all = append(all, ca)
	}
	return all, nil
}

// authority is one of them; at is where the settings name it.
func (p *parts) authority(at string, f settings.Fallback, key crypto.Signer) (*issue.CA, error) {
	config := issue.Config{
		Directory: f.Directory, Email: f.Email, AcceptTerms: p.settings.ACME.AcceptTerms, Key: key,
		UserAgent: "acmsync/" + version, Rates: rates(f.Directory, f.Limits.Requests),
	}
	if f.CAFile != "" {
		pem, err := os.ReadFile(f.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%s.caFile: %w", at, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s.caFile: %s holds no PEM certificate; put the root there that the CA's own HTTPS certificate comes from", at, f.CAFile)
		}
	}
	if f.EAB.KID != "" {
		hmac, err := os.ReadFile(f.EAB.HMACFile)
		if err != nil {
			return nil, fmt.Errorf("%s.eab.hmacFile: %w", at, err)
		}
		config.EAB = issue.EAB{KeyID: f.EAB.KID, HMAC: strings.TrimSpace(string(hmac))}
	}
	ca := issue.New(config)
	p.closers = append(p.closers, func() error { ca.Close(); return nil })
	return ca, nil
}
