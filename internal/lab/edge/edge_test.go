package edge_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const challenge = "/.well-known/acme-challenge/tok-EN_1"

func start(t *testing.T, o edge.Options) *edge.Edge {
	t.Helper()
	e, err := edge.New(o)
	if err != nil {
		t.Fatalf("start the edge: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the edge: %v", err)
		}
	})
	return e
}

// client sends every request to the edge at address, follows no redirect and
// verifies no certificate.
func client(t *testing.T, e *edge.Edge, address string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
			port := e.HTTPPort()
			if strings.HasSuffix(at, ":443") {
				port = e.TLSPort()
			}
			var d net.Dialer
			return d.DialContext(ctx, network, fmt.Sprintf("%s:%d", address, port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type reply struct {
	status         int
	location, body string
}

func get(t *testing.T, c *http.Client, url string) (reply, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read %s: %v", url, err)
	}
	return reply{response.StatusCode, response.Header.Get("Location"), string(body)}, nil
}

func TestBehaviours(t *testing.T) {
	t.Parallel()
	e := start(t, edge.Options{Thumbprint: "OURS"})
	c := client(t, e, "127.0.0.1")
	e.Behave("drop.example", edge.Behaviour{Redirect: "http://www.example:{httpPort}/"})
	e.Behave("keep.example", edge.Behaviour{Redirect: "https://{host}:{tlsPort}{path}", Status: 308})
	e.Behave("Error.example", edge.Behaviour{Status: 525, Body: "<html>"})
	e.Behave("other.example", edge.Behaviour{Thumbprint: "THEIRS"})
	e.Behave("choosy.example", edge.Behaviour{Agent: "Go-http-client", Status: 403})
	e.Behave("open.example", edge.Behaviour{Agent: "acmsync", Status: 403})
	cases := map[string]reply{
		"http://www.example" + challenge:                     {200, "", "tok-EN_1.OURS"},
		"http://www.example" + challenge + "/more":           {404, "", "404 page not found\n"},
		"http://www.example/.well-known/acme-challenge/a.b":  {404, "", "404 page not found\n"},
		"http://drop.example" + challenge:                    {301, fmt.Sprintf("http://www.example:%d/", e.HTTPPort()), ""},
		"http://keep.example" + challenge:                    {308, fmt.Sprintf("https://keep.example:%d%s", e.TLSPort(), challenge), ""},
		"http://error.example" + challenge:                   {525, "", "<html>"},
		"http://other.example" + challenge:                   {200, "", "tok-EN_1.THEIRS"},
		"http://choosy.example" + challenge:                  {403, "", ""},
		"http://open.example" + challenge:                    {200, "", "tok-EN_1.OURS"},
		"http://www.example/":                                {200, "", "<!doctype html>\n<title>www.example</title>\n<p>Welcome.\n"},
		"http://WWW.example:80/.well-known/acme-challenge/x": {200, "", "x.OURS"},
	}
	for url, want := range cases {
		got, err := get(t, c, url)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", url, got, err, want)
		}
	}
	if n := len(e.Requests()); n != len(cases) {
		t.Errorf("%d requests kept, want %d", n, len(cases))
	}
	e.Behave("other.example", edge.Behaviour{})
	e.SetThumbprint("NEW")
	if got, err := get(t, c, "http://other.example"+challenge); err != nil || got.body != "tok-EN_1.NEW" {
		t.Errorf("after a change: %+v, %v", got, err)
	}
}

func TestConnectionsFail(t *testing.T) {
	t.Parallel()
	e := start(t, edge.Options{Thumbprint: "OURS"})
	c := client(t, e, "127.0.0.1")
	e.Behave("reset.example", edge.Behaviour{Reset: true})
	if _, err := get(t, c, "http://reset.example"+challenge); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("HTTP: %v, want a reset", err)
	}
	if _, err := get(t, c, "https://reset.example"+challenge); err == nil {
		t.Error("TLS: answered, want a cut connection")
	}
	e.Behave("alert.example", edge.Behaviour{NoTLS: true})
	if _, err := get(t, c, "https://alert.example/"); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("alert: %v, want one of TLS", err)
	}
}

func TestHangsUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	e := start(t, edge.Options{})
	c := client(t, e, "127.0.0.1")
	e.Behave("", edge.Behaviour{Hang: true})
	for _, url := range []string{"http://any.example/", "https://any.example/"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(request); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want a time-out", url, err)
		}
		cancel()
	}
}

func TestServesWhatWasDeployed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := start(t, edge.Options{Dir: dir})
	if serial, err := handshake(t, e, "www.shop.example"); err == nil {
		t.Errorf("serial %d is served before any was deployed", serial)
	}
	deploy(t, dir, "www.shop.example", 1)
	deploy(t, dir, "_wildcard.shop.example", 2)
	for name, want := range map[string]int64{"www.shop.example": 1, "WWW.shop.example": 1, "blog.shop.example": 2} {
		if serial, err := handshake(t, e, name); err != nil || serial != want {
			t.Errorf("%s: serial %d, %v; want %d", name, serial, err, want)
		}
	}
	deploy(t, dir, "www.shop.example", 3)
	if serial, err := handshake(t, e, "www.shop.example"); err != nil || serial != 3 {
		t.Errorf("after the next deployment: serial %d, %v; want 3", serial, err)
	}
	for _, name := range []string{"a.b.shop.example", "..", "../www.shop.example"} {
		if serial, err := handshake(t, e, name); err == nil {
			t.Errorf("%s: serial %d, want none", name, serial)
		}
	}
	stale := pair(t, "www.shop.example", 9)
	e.Behave("www.shop.example", edge.Behaviour{Certificate: &stale})
	if serial, err := handshake(t, e, "www.shop.example"); err != nil || serial != 9 {
		t.Errorf("told to present another: serial %d, %v; want 9", serial, err)
	}
}

func TestChallengesFromElsewhere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	folder := filepath.Join(root, ".well-known", "acme-challenge")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tok-EN_1"), []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	webroot := start(t, edge.Options{Webroot: root, Thumbprint: "OURS"})
	if got, err := get(t, client(t, webroot, "127.0.0.1"), "http://www.example"+challenge); err != nil || got.body != "from a file" {
		t.Errorf("webroot: %+v, %v", got, err)
	}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "for %s at %s", r.Host, r.URL.Path)
	}))
	defer listener.Close()
	backend := start(t, edge.Options{Backend: listener.Listener.Addr().String()})
	want := "for www.example at " + challenge
	if got, err := get(t, client(t, backend, "127.0.0.1"), "http://www.example"+challenge); err != nil || got.body != want {
		t.Errorf("backend: %+v, %v; want %q", got, err, want)
	}
}

// A lab has one probe port; what differs is the address.
func TestTwoEdgesShareTheirPorts(t *testing.T) {
	t.Parallel()
	ours := start(t, edge.Options{Addresses: []string{"127.0.0.1", "127.0.0.3"}, Thumbprint: "OURS"})
	theirs := start(t, edge.Options{
		Addresses: []string{"127.0.0.2"}, HTTPPort: ours.HTTPPort(), TLSPort: ours.TLSPort(), Thumbprint: "THEIRS",
	})
	for address, want := range map[string]string{"127.0.0.1": "tok-EN_1.OURS", "127.0.0.2": "tok-EN_1.THEIRS", "127.0.0.3": "tok-EN_1.OURS"} {
		if got, err := get(t, client(t, theirs, address), "http://www.example"+challenge); err != nil || got.body != want {
			t.Errorf("%s: %+v, %v; want %q", address, got, err, want)
		}
	}
	if _, err := edge.New(edge.Options{HTTPPort: ours.HTTPPort()}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
}

func handshake(t *testing.T, e *edge.Edge, name string) (int64, error) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}}
	conn, err := d.DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", e.TLSPort()))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func pair(t *testing.T, name string, serial int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func deploy(t *testing.T, dir, name string, serial int64) {
	t.Helper()
	p := pair(t, name, serial)
	key, err := x509.MarshalPKCS8PrivateKey(p.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		"fullchain.pem": {Type: "CERTIFICATE", Bytes: p.Certificate[0]},
		"privkey.pem":   {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
