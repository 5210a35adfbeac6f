package issue

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// RenewalInfo asks when the first certificate of the chain should be renewed
// (RFC 9773, section 4). What it returns is what the CA said, made sense of by
// nobody yet; ID is empty where the CA offers no such information, and Problem
// is set where there is no window. It needs no account.
func (c *CA) RenewalInfo(ctx context.Context, chainPEM []byte, now time.Time) record.RenewalInfo {
	said, err := c.knownDirectory(ctx)
	if err != nil {
		return without("", err)
	}
	if !secure(said.RenewalInfo) {
		return without("", &record.Problem{
			During: "renewal", Status: http.StatusNotFound, Detail: "the CA's directory offers no renewal information",
		})
	}
	id, err := certificateID(firstCertificate(chainPEM))
	if err != nil {
		return without("", &record.Problem{During: "renewal", Status: http.StatusNotFound, Detail: err.Error()})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(said.RenewalInfo, "/")+"/"+id, nil)
	if err != nil {
		return without(id, &record.Problem{During: "renewal", Status: http.StatusNotFound, Detail: "the CA's address for renewal information is none"})
	}
	req.Header.Set("User-Agent", c.config.UserAgent)
	s := &session{ca: c, ctx: ctx, now: now}
	s.last = c.send(ctx, atRenewalInfo, req)
	return s.renewalInfo(id)
}

// renewalInfo reads the answer. Any status but 200 is none, whatever it says.
func (s *session) renewalInfo(id string) record.RenewalInfo {
	info := record.RenewalInfo{ID: id, RetryAfter: retryAfter(s.last.header, s.now)}
	if s.last.err != nil || s.last.status >= http.StatusBadRequest {
		return without(id, s.failure("renewal", s.last.err))
	}
	var said struct {
		SuggestedWindow struct{ Start, End time.Time }
		ExplanationURL  string
	}
	if err := json.Unmarshal(s.last.body, &said); err != nil || s.last.status != http.StatusOK {
		info.Problem = &record.Problem{
			During: "renewal", Status: http.StatusUnprocessableEntity,
			Detail: fmt.Sprintf("the CA answered %d, and not with renewal information (RFC 9773, section 4.2)", s.last.status),
		}
		return info
	}
	info.Start, info.End = said.SuggestedWindow.Start, said.SuggestedWindow.End
	if secure(said.ExplanationURL) {
		info.Explanation = cut(said.ExplanationURL, maxDetail)
	}
	return info
}

// without is the answer that says nothing.
func without(id string, err error) record.RenewalInfo {
	info := record.RenewalInfo{ID: id}
	if !errors.As(err, &info.Problem) {
		info.Problem = &record.Problem{During: "renewal", Detail: err.Error()}
	}
	info.RetryAfter = info.Problem.RetryAfter
	return info
}

func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// certificateID names a certificate to its CA: the key identifier of its issuer
// and its serial number with the sign octet that DER may put first (RFC 9773,
// section 4.1).
func certificateID(leaf *x509.Certificate) (string, error) {
	if leaf == nil {
		return "", errors.New("there is no certificate in PEM")
	}
	if len(leaf.AuthorityKeyId) == 0 {
		return "", errors.New("the certificate does not name its issuer's key")
	}
	der, err := asn1.Marshal(leaf.SerialNumber)
	if err != nil {
		return "", fmt.Errorf("the certificate's serial number: %w", err)
	}
	var serial asn1.RawValue
	if _, err := asn1.Unmarshal(der, &serial); err != nil {
		return "", fmt.Errorf("the certificate's serial number: %w", err)
	}
	part := base64.RawURLEncoding.EncodeToString
	return part(leaf.AuthorityKeyId) + "." + part(serial.Bytes), nil
}
