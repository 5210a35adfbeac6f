package issue_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestACADoesNotLeadToPlainHTTP: whatever URLs a CA names, nothing is sent to one
// without TLS, where a service of this host or network might take it.
func TestACADoesNotLeadToPlainHTTP(t *testing.T) {
	t.Parallel()
	var met atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		met.Add(1)
		w.Header().Set("Replay-Nonce", "nonce")
	}))
	t.Cleanup(inside.Close)
	for _, member := range []string{"newNonce", "newAccount", "newOrder"} {
		for _, to := range []string{inside.URL, strings.Replace(inside.URL, "http://", "HTTP://", 1), "//" + strings.TrimPrefix(inside.URL, "http://")} {
			t.Run(member+" "+to[:5], func(t *testing.T) {
				t.Parallel()
				l := newLab(t, ca.Options{})
				l.lead(member, to)
				order, _ := l.pursue(t.Context(), l.client(), l.intent("www.shop.example"))
				if met.Load() != 0 || order.Chain != nil {
					t.Errorf("%d requests over plain HTTP", met.Load())
				}
			})
		}
	}
}

// lead has the directory name another URL.
func (l *lab) lead(member, to string) {
	l.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.authority.RootPEM())
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	response, err := browser.Get(l.authority.URL())
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	said := map[string]any{}
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	said[member] = to
	if body, err = json.Marshal(said); err != nil {
		l.t.Fatal(err)
	}
	l.authority.Fault(ca.Of(ca.Directory), ca.Fault{Status: http.StatusOK, Body: string(body)})
}
