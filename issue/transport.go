package issue

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// newTransport makes the connections to the CA. HTTP/2, as it needs a third of
// the time of HTTP/1.1 when many orders are under way.
func newTransport(roots *x509.CertPool) (http.RoundTripper, func()) {
	wire := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: wire, CheckRedirect: func(*http.Request, []*http.Request) error {
		// A signed request names its URL (RFC 8555, section 6.4): it is good
		// for no other.
		return http.ErrUseLastResponse
	}}
	client.Logger = nil
	client.RetryMax = 2
	client.RetryWaitMin, client.RetryWaitMax = 50*time.Millisecond, 500*time.Millisecond
	client.CheckRetry, client.PrepareRetry = repeatable, again
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &retryablehttp.RoundTripper{Client: client}, wire.CloseIdleConnections
}

// attempt is what the repetition of a request has to know of it.
type attempt struct {
	method string
	gate   *gate
}

type attemptKey struct{}

func attemptOf(ctx context.Context) attempt {
	a, _ := ctx.Value(attemptKey{}).(attempt)
	return a
}

// again waits for the turn of a request that is sent once more.
func again(req *http.Request) error {
	if g := attemptOf(req.Context()).gate; g != nil {
		return g.enter(req.Context())
	}
	return nil
}

// repeatable is stricter than retryablehttp, which repeats POSTs, sleeps
// through Retry-After and hides problem documents. A request is sent again only
// if it cannot have had an effect; what the CA refuses is the scheduler's.
func repeatable(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		return false, nil
	}
	if badCertificate(err) {
		return false, err
	}
	if method := attemptOf(ctx).method; method == http.MethodGet || method == http.MethodHead {
		return true, nil
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true, nil // there never was a connection
	}
	return false, err
}

// badCertificate reports whether the CA's own TLS is not trusted, which no
// repetition mends.
func badCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}
