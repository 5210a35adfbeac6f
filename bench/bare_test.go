//go:build unix

package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-acme/lego/v4/acme"
	"github.com/go-acme/lego/v4/acme/api"
)

// bare is what the CA gives: the least that a client must do for a certificate,
// with as many orders at a time as the pass has. It makes a key and a CSR, and
// sends newOrder, the look at the authorization, the word that the challenge is
// ready, further looks until it is valid, the CSR, a look at the order and the
// download. The account is registered and the connection (HTTP/2, one for all)
// is open before the clock starts; the edge answers challenges by itself, and
// the CA validates by DNS and HTTP, both as for the pass. It looks at no DNS,
// writes nothing down, checks nothing, keeps nothing.
type bare struct {
	core *api.Core
}

// pollEvery suits the lab's CA best on two cores: it validates within a few
// milliseconds, and every look in between takes from its time.
const pollEvery = 20 * time.Millisecond

func newBare(b *testing.B, r *rig) *bare {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: r.roots(), MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64,
	}}
	b.Cleanup(client.CloseIdleConnections)
	core, err := api.New(client, "bench", r.CA.URL(), "", r.key)
	must(b, err)
	_, err = core.Accounts.New(acme.Account{TermsOfServiceAgreed: true, Contact: []string{"mailto:ops@platform.example"}})
	must(b, err)
	return &bare{core: core}
}

// run orders a certificate for each name, concurrency at a time.
func (o *bare) run(names []string, concurrency int) error {
	next := make(chan string)
	var group sync.WaitGroup
	failed := make(chan error, len(names))
	for range concurrency {
		group.Go(func() {
			for name := range next {
				if err := o.one(name); err != nil {
					failed <- fmt.Errorf("%s: %w", name, err)
				}
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	group.Wait()
	close(failed)
	return <-failed
}

func (o *bare) one(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return err
	}
	order, err := o.core.Orders.New([]string{name})
	if err != nil {
		return err
	}
	if err := o.prove(order.Authorizations[0]); err != nil {
		return err
	}
	done, err := o.core.Orders.UpdateForCSR(order.Finalize, csr)
	for err == nil && done.Status == acme.StatusProcessing {
		// The lab's CA has signed by now, although it does not say so.
		done, err = o.core.Orders.Get(order.Location)
	}
	if err != nil {
		return err
	}
	_, _, err = o.core.Certificates.Get(done.Certificate, true)
	return err
}

func (o *bare) prove(url string) error {
	authz, err := o.core.Authorizations.Get(url)
	if err != nil {
		return err
	}
	for _, c := range authz.Challenges {
		if c.Type == "http-01" {
			if _, err := o.core.Challenges.New(c.URL); err != nil {
				return err
			}
		}
	}
	for authz.Status == acme.StatusPending {
		time.Sleep(pollEvery)
		if authz, err = o.core.Authorizations.Get(url); err != nil {
			return err
		}
	}
	if authz.Status != acme.StatusValid {
		return fmt.Errorf("the authorization at %s is %s", url, authz.Status)
	}
	return nil
}
