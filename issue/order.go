package issue

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-acme/lego/v4/acme"
	"github.com/go-acme/lego/v4/acme/api"

	"github.com/acmsync/acmsync/internal/record"
)

// order sends newOrder. If it was sent before and the answer got lost, the CA
// either returns the same order or makes another one; the first is then never
// finalized, so it makes no certificate.
func (j *journal) order() error {
	said, err := j.core.Orders.NewWithOptions(j.Names, &api.OrderOptions{Profile: j.ca.config.Profile, ReplacesCertID: j.Replaces})
	if err != nil {
		err = j.failure("order", err)
		if j.Replaces != "" && perhapsOfReplaces(err) {
			j.replacesNothing() // the next step asks again without
			return nil
		}
		return err
	}
	if said.Replaces != j.Replaces {
		// It was replaced before (lego then asks again without), or the CA does
		// not say (RFC 9773, section 5): its limits may count the order.
		j.replacesNothing()
	}
	if where, err := url.Parse(said.Location); err != nil || where.Scheme != "https" {
		return over(&record.Problem{
			During: "order", Status: j.last.status, Detail: "the CA did not say where the order is (RFC 8555, section 7.4)",
		})
	}
	j.URL, j.Account = said.Location, j.account
	j.take(said.Order)
	j.Polls = 0
	switch said.Status {
	case acme.StatusPending:
		j.enter(record.OrderOrdered)
	case acme.StatusInvalid:
		return j.invalid(said.Order)
	default:
		j.enter(record.OrderFinalizing)
	}
	return nil
}

func (j *journal) replacesNothing() { j.Replaces, j.Exempt = "", false }

// perhapsOfReplaces reports whether a refusal may be about the certificate that
// was to be replaced: RFC 9773, section 5, has a type for one case only, and CAs
// answer the others in various words. That field must not cost a renewal.
func perhapsOfReplaces(err error) bool {
	var p *record.Problem
	if !errors.As(err, &p) || p.Status < http.StatusBadRequest {
		return false
	}
	switch p.Kind() {
	case "":
		return p.Status < http.StatusInternalServerError
	case malformed, alreadyReplaced, unauthorized, serverInternal:
		return true
	}
	return false
}

// take keeps what an order object says.
func (j *journal) take(said acme.Order) {
	j.FinalizeURL, j.CertificateURL = said.Finalize, said.Certificate
	if expires, err := time.Parse(time.RFC3339, said.Expires); err == nil {
		j.Expires = expires
	}
	if len(j.Authorizations) > 0 {
		return
	}
	urls := slices.Sorted(slices.Values(said.Authorizations))
	for _, u := range slices.Compact(urls) {
		j.Authorizations = append(j.Authorizations, record.Authorization{URL: u})
	}
}

// finalize asks for the certificate. GET first, then decide: the CSR may have
// been sent already, by a step that was killed.
func (j *journal) finalize() error {
	if j.CertificateURL != "" {
		return j.download()
	}
	said, err := j.core.Orders.Get(j.URL)
	if err != nil {
		return j.failure("order", err)
	}
	j.take(said.Order)
	switch said.Status {
	case acme.StatusReady:
		return j.send()
	case acme.StatusValid:
		if j.CertificateURL == "" {
			return j.wait()
		}
		return j.download()
	case acme.StatusPending:
		return j.goBack()
	case acme.StatusInvalid:
		return j.invalid(said.Order)
	}
	return j.wait() // processing
}

// send sends the CSR.
func (j *journal) send() error {
	said, err := j.core.Orders.UpdateForCSR(j.FinalizeURL, j.CSR)
	if err != nil && j.last.err == nil && j.last.status < http.StatusBadRequest {
		// lego makes an error of an order that answers invalid; the next GET
		// tells why it is.
		return j.wait()
	}
	if err != nil {
		err = j.failure("finalize", err)
		if kindOf(err) == orderNotReady {
			// Somebody, probably we, was here before (RFC 8555, section 7.4).
			return j.wait()
		}
		return err
	}
	j.take(said.Order)
	j.Polls = 0
	if j.CertificateURL != "" {
		return nil // the next step downloads
	}
	return j.wait()
}

// goBack is for an order that is not ready after all: an authorization lapsed,
// or the CA's left hand does not know yet what its right hand did.
func (j *journal) goBack() error {
	j.State = record.OrderValidating
	if !slices.ContainsFunc(j.Authorizations, func(a record.Authorization) bool { return a.Token != "" }) {
		j.State = record.OrderOrdered
	}
	for i := range j.Authorizations {
		j.Authorizations[i].Status = ""
	}
	return j.wait()
}

// invalid ends the order with what is wrong. The order often says so itself;
// the authorization that failed says which name.
func (j *journal) invalid(said acme.Order) error {
	for i := range j.Authorizations {
		a := &j.Authorizations[i]
		if a.Status == acme.StatusValid {
			continue
		}
		found, err := j.core.Authorizations.Get(a.URL)
		if err != nil {
			continue // the order's own word will have to do
		}
		if p := authorizationProblem(found); p != nil {
			return over(p)
		}
	}
	if said.Error != nil {
		p := translate(*said.Error, "finalize")
		if p.Name == "" && len(j.Names) == 1 {
			p.Name = j.Names[0]
		}
		return over(p)
	}
	return over(&record.Problem{During: "order", Status: http.StatusForbidden, Detail: "the CA says that the order is invalid, and not why"})
}
