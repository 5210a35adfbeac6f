package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token  = "tokenAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	path   = "/.well-known/acme-challenge/" + token
	expect = token + ".ourThumbprintAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	others = token + ".somebodyElsesThumbprintAAAAAAAAAAAAAAAAAAAA"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func newDNS(t testing.TB) *dns.Server {
	t.Helper()
	s, err := dns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newVerifier asks s and may dial loopback. Its time is long enough to be out
// of the way on a busy machine.
func newVerifier(s *dns.Server) *verify.Verifier {
	return verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback})
}

// web is an edge: plain HTTP on one port and TLS on another.
type web struct {
	http, https int
	leaf        *x509.Certificate
}

func newWeb(t testing.TB, handler http.HandlerFunc) web {
	t.Helper()
	return newWebAt(t, "127.0.0.1", handler)
}

func newWebAt(t testing.TB, address string, handler http.HandlerFunc) web {
	t.Helper()
	plain, secure := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	for _, server := range []*httptest.Server{plain, secure} {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if err != nil {
			t.Fatal(err)
		}
		server.Listener.Close()
		server.Listener = listener
	}
	plain.Start()
	certificate := selfSigned(t)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	return web{http: portOf(t, plain.URL), https: portOf(t, secure.URL), leaf: certificate.Leaf}
}

func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x0a1b2c), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func portOf(t testing.TB, raw string) int {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// listen gives raw connections on a loopback port to serve, one at a time.
func listen(t testing.TB, address string, serve func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// freePort is a port on which nobody listens.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func observe(t testing.TB, v *verify.Verifier, q record.Question) record.Observation {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return v.Observe(ctx, q)
}

func itoa(port int) string { return strconv.Itoa(port) }

func ips(texts ...string) []netip.Addr {
	var addrs []netip.Addr
	for _, text := range texts {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs
}
