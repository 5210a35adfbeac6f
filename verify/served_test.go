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
		{"a certificate", "a.example", edge.https, record.Served{Answer: record.Answered, Address: here, SHA256: hex.EncodeToString(sum[:]), Serial: "0a1b2c", NotAfter: edge.leaf.NotAfter}},
		{"no TLS", "a.example", edge.http, record.Served{Answer: record.Refused, Address: here}},
		{"nobody", "a.example", freePort(t), record.Served{Answer: record.Refused, Address: here}},
		{"silence", "a.example", silent, record.Served{Answer: record.TimedOut, Address: here}},
		{"not public", "private.example", edge.https, record.Served{Answer: record.NoAnswer, Address: ips("10.0.0.1")[0]}},
		{"no address", "nowhere.example", edge.https, record.Served{Answer: record.NoAnswer}},
	}
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}, ProbeAllow: loopback, Timeout: 3 * time.Second})
	for _, c := range cases {
		got := observe(t, v, record.Question{Name: c.name, Served: true, ServedPort: c.port}).Served
		if len(got) != 1 {
			t.Fatalf("%s: %+v", c.what, got)
		}
		if diff := cmp.Diff(c.want, got[0], cmpopts.IgnoreFields(record.Served{}, "Detail"), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s%s", c.what, diff, got[0].Detail)
		}
		if (got[0].Detail == "") != (got[0].Answer == record.Answered) {
			t.Errorf("%s: %s with the detail %q", c.what, got[0].Answer, got[0].Detail)
		}
	}
}

// TestServedLooksAtEveryEdge: one that is behind, and one that is down, are
// seen beside those that are well.
func TestServedLooksAtEveryEdge(t *testing.T) {
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
	got := observe(t, newVerifier(s), record.Question{Name: "a.example", Served: true, ServedPort: port}).Served
	want := []record.Served{
		{Answer: record.Answered, Address: ips("127.0.0.1")[0], SHA256: sum(fresh)},
		{Answer: record.Refused, Address: ips("127.0.0.2")[0]},
		{Answer: record.Answered, Address: ips("127.0.0.3")[0], SHA256: sum(old)},
	}
	ignore := cmpopts.IgnoreFields(record.Served{}, "Detail", "Serial", "Issuer", "NotAfter")
	if diff := cmp.Diff(want, got, ignore, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestServedSaysWhichEdgesAreTheTargets: so that a CDN's certificate is not
// taken for the platform's.
func TestServedSaysWhichEdgesAreTheTargets(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("edge.platform.example", "A 127.0.0.1")
	s.Set("by-cname.example", "CNAME edge.platform.example.")
	s.Set("by-address.example", "A 127.0.0.1", "A 127.0.0.2")
	edge := newWeb(t, http.NotFound)
	for _, c := range []struct {
		name, target string
		want         []bool
	}{
		{"by-cname.example", "edge.platform.example", []bool{true}},
		{"by-cname.example", "other.platform.example", []bool{false}},
		{"by-address.example", "edge.platform.example", []bool{true, false}},
		{"by-address.example", "", []bool{false, false}},
	} {
		var got []bool
		q := record.Question{Name: c.name, Target: c.target, Served: true, ServedPort: edge.https}
		for _, seen := range observe(t, newVerifier(s), q).Served {
			got = append(got, seen.AtTarget)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s towards %q (-want +got):\n%s", c.name, c.target, diff)
		}
	}
}
