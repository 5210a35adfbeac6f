package verify_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

func TestServed(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1")
	s.Set("private.example", "A 10.0.0.1")
	edge := newWeb(t, http.NotFound)
	sum := sha256.Sum256(edge.leaf.Raw)
	silent := listen(t, "127.0.0.1:0", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	here := ips("127.0.0.1")[0]

	cases := []struct {
		what, name string
		port       int
		want       record.Served
	}{
		{"a certificate", "a.example", edge.https, record.Served{Answer: record.Answered, Address: here, SHA256: hex.EncodeToString(sum[:]), Serial: "0a1b2c"}},
		{"no TLS", "a.example", edge.http, record.Served{Answer: record.Refused, Address: here}},
		{"nobody", "a.example", freePort(t), record.Served{Answer: record.Refused, Address: here}},
		{"silence", "a.example", silent, record.Served{Answer: record.TimedOut, Address: here}},
		{"not public", "private.example", edge.https, record.Served{Answer: record.NoAnswer, Address: ips("10.0.0.1")[0]}},
		{"no address", "nowhere.example", edge.https, record.Served{Answer: record.NoAnswer}},
	}
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback, Timeout: 3 * time.Second})
	for _, c := range cases {
		got := observe(t, v, record.Question{Name: c.name, Served: true, ServedPort: c.port}).Served
		if diff := cmp.Diff(&c.want, got, cmpopts.IgnoreFields(record.Served{}, "Detail"), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s%s", c.what, diff, got.Detail)
		}
		if (got.Detail == "") != (got.Answer == record.Answered) {
			t.Errorf("%s: %s with the detail %q", c.what, got.Answer, got.Detail)
		}
	}
}

// Of several edges the one that is behind is reported.
func TestServedFindsTheEdgeLeftBehind(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 127.0.0.1", "A 127.0.0.2", "A 127.0.0.3")
	old, fresh := selfSigned(t), selfSigned(t)
	var port int
	for _, edge := range []struct {
		ip   string
		cert tls.Certificate
	}{{"127.0.0.1", fresh}, {"127.0.0.3", old}} {
		config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "a.example" {
				t.Errorf("SNI %q", hello.ServerName)
			}
			return &edge.cert, nil
		}}
		address := netip.AddrPortFrom(netip.MustParseAddr(edge.ip), uint16(port)).String()
		port = listen(t, address, func(c net.Conn) { _ = tls.Server(c, config).Handshake() })
	}
	sum := func(c tls.Certificate) string {
		s := sha256.Sum256(c.Leaf.Raw)
		return hex.EncodeToString(s[:])
	}
	v := newVerifier(s)
	for expected, want := range map[string]string{
		sum(fresh): sum(old), sum(old): sum(fresh), "": sum(fresh),
	} {
		got := observe(t, v, record.Question{Name: "a.example", Served: true, ServedPort: port, ServedSHA256: expected}).Served
		if got.SHA256 != want {
			t.Errorf("expecting %.8s: %+v, want %.8s", expected, got, want)
		}
	}
}
