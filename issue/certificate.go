package issue

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-acme/lego/v4/acme"

	"github.com/acmsync/acmsync/internal/record"
)

// download fetches the chain and makes sure that it is for the intent's key.
// What cannot be parsed is passed on: it is not for us to say what a good
// certificate is.
func (j *journal) download() error {
	chain, _, err := j.core.Certificates.Get(j.CertificateURL, true)
	if err != nil {
		return j.failure("certificate", err)
	}
	if leaf := firstCertificate(chain); leaf != nil {
		same, err := forKey(leaf, j.CSR)
		if err != nil {
			return err
		}
		if !same {
			return over(&record.Problem{
				During: "certificate", Status: http.StatusOK,
				Detail: "the order's certificate is for another key: somebody else finalized it",
			})
		}
	}
	j.Chain = chain
	j.cleanUp()
	j.enter(record.OrderIssued)
	return nil
}

func firstCertificate(chain []byte) *x509.Certificate {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}

// forKey reports whether the certificate has the CSR's public key.
func forKey(leaf *x509.Certificate, csr []byte) (bool, error) {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		return false, fmt.Errorf("reading the order's own CSR: %w", err)
	}
	return bytes.Equal(leaf.RawSubjectPublicKeyInfo, request.RawSubjectPublicKeyInfo), nil
}

// Revoke revokes the first certificate of the chain in the name of the account,
// with a reason code of RFC 5280, section 5.3.1 (0: none given). One that is
// revoked or expired already is success.
func (c *CA) Revoke(ctx context.Context, chainPEM []byte, reason int) error {
	leaf := firstCertificate(chainPEM)
	if leaf == nil {
		return errors.New("revoking: there is no certificate in PEM")
	}
	if reason < 0 {
		return fmt.Errorf("revoking: %d is no reason code (RFC 5280, section 5.3.1)", reason)
	}
	now := time.Now()
	if now.After(leaf.NotAfter) {
		return nil
	}
	account, err := c.Account(ctx)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, account, now)
	if err != nil {
		return err
	}
	message := acme.RevokeCertMessage{Certificate: base64.RawURLEncoding.EncodeToString(leaf.Raw)}
	if reason > 0 {
		code := uint(reason)
		message.Reason = &code
	}
	if err := s.core.Certificates.Revoke(message); err != nil {
		return s.revocation(s.failure("revoke", err))
	}
	return nil
}

// revocation lets pass what amounts to success. Boulder has no type for
// "expired", only words.
func (s *session) revocation(err error) error {
	var p *record.Problem
	if !errors.As(err, &p) {
		return err
	}
	if p.Kind() == accountDoesNotExist {
		s.ca.account.forget()
	}
	if p.Kind() == alreadyRevoked || strings.Contains(strings.ToLower(p.Detail), "certificate is expired") {
		return nil
	}
	return err
}
