package ca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-acme/lego/v4/acme"
	"github.com/go-acme/lego/v4/acme/api"
	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/leak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leak.Allowed()...) }

// client is a plain ACME client with an account at the CA.
func client(t *testing.T, authority *ca.CA) *api.Core {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.RootPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	core, err := api.New(&http.Client{Transport: transport}, "lab test", authority.URL(), "", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := core.Accounts.New(acme.Account{TermsOfServiceAgreed: true}); err != nil {
		t.Fatal(err)
	}
	return core
}

func start(t *testing.T, o ca.Options) *ca.CA {
	t.Helper()
	authority, err := ca.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = authority.Close() })
	return authority
}

// prove answers the order's one challenge and returns how its authorization ends.
func prove(t *testing.T, core *api.Core, order acme.ExtendedOrder) acme.Authorization {
	t.Helper()
	authz, err := core.Authorizations.Get(order.Authorizations[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, challenge := range authz.Challenges {
		if challenge.Type != "http-01" {
			continue
		}
		if _, err := core.Challenges.New(challenge.URL); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		authz, err = core.Authorizations.Get(order.Authorizations[0])
		if err != nil {
			t.Fatal(err)
		}
		if authz.Status != acme.StatusPending {
			return authz
		}
	}
	t.Fatal("the validation never ended")
	return authz
}

func finalize(t *testing.T, core *api.Core, order acme.ExtendedOrder, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := core.Orders.UpdateForCSR(order.Finalize, csr); err != nil {
		t.Fatal(err)
	}
	done, err := core.Orders.Get(order.Location)
	if err != nil {
		t.Fatal(err)
	}
	chain, _, err := core.Certificates.Get(done.Certificate, true)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func TestIssuesAndCounts(t *testing.T) {
	t.Parallel()
	authority := start(t, ca.Options{AlwaysValid: true, ValidityPeriod: 90 * time.Second})
	core := client(t, authority)
	order, err := core.Orders.New([]string{"www.shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	if got := prove(t, core, order).Status; got != acme.StatusValid {
		t.Fatalf("authorization is %s, want valid", got)
	}
	finalize(t, core, order, "www.shop.example")

	issued := authority.CertificatesFor("www.shop.example")
	if len(issued) != 1 || len(authority.Certificates()) != 1 {
		t.Fatalf("issued %v, want exactly one", authority.Certificates())
	}
	for kind, want := range map[ca.Kind]int{ca.NewAccount: 1, ca.NewOrder: 1, ca.Finalize: 1, ca.Cert: 1, ca.Challenge: 1} {
		if got := authority.Count(kind); got != want {
			t.Errorf("%d requests of kind %s, want %d", got, kind, want)
		}
	}
	if _, revoked := authority.Revoked(issued[0].Serial); revoked {
		t.Error("a new certificate is said to be revoked")
	}
}

func TestReturnsTheOrderThatIsStillOpen(t *testing.T) {
	t.Parallel()
	authority := start(t, ca.Options{AlwaysValid: true})
	core := client(t, authority)
	first, err := core.Orders.New([]string{"b.example", "a.example"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := core.Orders.New([]string{"a.example", "b.example"})
	if err != nil {
		t.Fatal(err)
	}
	if first.Location != again.Location || first.Finalize != again.Finalize {
		t.Errorf("newOrder for the same names gave %s, then %s", first.Location, again.Location)
	}
	other, err := client(t, authority).Orders.New([]string{"a.example", "b.example"})
	if err != nil {
		t.Fatal(err)
	}
	if other.Location == first.Location {
		t.Error("another account was given the order")
	}
	single, err := core.Orders.New([]string{"a.example"})
	if err != nil {
		t.Fatal(err)
	}
	prove(t, core, single)
	finalize(t, core, single, "a.example")
	next, err := core.Orders.New([]string{"a.example"})
	if err != nil {
		t.Fatal(err)
	}
	if next.Location == single.Location {
		t.Error("a finished order was given again")
	}
}

func TestReallyValidates(t *testing.T) {
	t.Parallel()
	var core *api.Core
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := core.GetKeyAuthorization(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(edge.Close)
	where, err := url.Parse(edge.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(where.Port())
	if err != nil {
		t.Fatal(err)
	}
	authority := start(t, ca.Options{HTTPPort: port})
	core = client(t, authority)
	// An address needs no DNS; names are for whoever has a DNS server.
	order, err := core.Orders.New([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := prove(t, core, order).Status; got != acme.StatusValid {
		t.Errorf("authorization is %s, want valid", got)
	}
}

func TestJudges(t *testing.T) {
	t.Parallel()
	authority := start(t, ca.Options{})
	core := client(t, authority)
	authority.Judge("www.shop.example", ca.Verdict{Problem: &ca.Problem{
		Type: "caa", Detail: "CAA forbids", Status: 403,
		Subproblems: []ca.Subproblem{{Type: "caa", Detail: "forbids", Name: "www.shop.example"}},
	}})
	order, err := core.Orders.New([]string{"www.shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	authz := prove(t, core, order)
	if authz.Status != acme.StatusInvalid || len(authz.Challenges) != 1 {
		t.Fatalf("authorization is %+v, want invalid", authz)
	}
	said := authz.Challenges[0].Error
	if said == nil || !strings.HasSuffix(said.Type, ":caa") || len(said.SubProblems) != 1 {
		t.Errorf("the CA said %+v, want the problem that was decided", said)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	authority := start(t, ca.Options{AlwaysValid: true})
	core := client(t, authority)
	authority.Forget()

	authority.Fault(ca.Of(ca.NewOrder), func() ca.Fault {
		f := ca.Refusal(ca.Problem{Type: "rateLimited", Detail: "too many", Status: 429})
		f.Times = 1
		return f
	}())
	_, err := core.Orders.New([]string{"a.example"})
	var limited *acme.RateLimitedError
	if !errors.As(err, &limited) {
		t.Fatalf("newOrder gave %v, want rateLimited", err)
	}

	lift := authority.Fault(ca.Naming("b.example", ca.Writes(ca.NewOrder)), ca.Fault{DropAnswer: true})
	if _, err := core.Orders.New([]string{"b.example"}); err == nil {
		t.Fatal("the answer was not lost")
	}
	lift()
	requests := authority.Requests()
	if last := requests[len(requests)-1]; last.Status != 0 || !last.Faulted {
		t.Errorf("the lost answer is noted as %+v", last)
	}

	authority.SkewDate(time.Hour)
	conn, err := core.HTTPClient.Get(authority.URL())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Body.Close()
	date, err := http.ParseTime(conn.Header.Get("Date"))
	if err != nil || time.Until(date) < 50*time.Minute {
		t.Errorf("Date is %v (%v), want an hour ahead", date, err)
	}
	if conn.ProtoMajor != 2 {
		t.Errorf("speaks HTTP/%d, want 2", conn.ProtoMajor)
	}
}

// Not parallel, so that no other test's CA is given the port in between.
func TestRestartsWhereItWas(t *testing.T) {
	first := start(t, ca.Options{})
	where, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, ca.Options{Listen: where.Host})
	if second.URL() != first.URL() {
		t.Errorf("restarted at %s, want %s", second.URL(), first.URL())
	}
}
