//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/lab/owner"
)

// source is a place where a name may meet a text.
type source struct {
	name string
	lead func(name, text string)
}

func (h *hostileWorld) sources(t *testing.T) []source {
	return []source{
		{"cname", h.alias},
		{"caa", h.caa},
		{"tag", h.caaTag},
		{"dns", h.dnsError},
		{"http", h.page},
		{"redirect", h.redirect},
		{"order", h.order},
		{"validation", h.validation},
		{"served", h.served(t)},
	}
}

// alias points the name at labels made of the text.
func (h *hostileWorld) alias(name, text string) {
	var target strings.Builder
	for i, b := range []byte(text[:min(len(text), 180)]) {
		if i > 0 && i%60 == 0 {
			target.WriteByte('.')
		}
		fmt.Fprintf(&target, "\\%03d", b)
	}
	h.lab.DNS.Set(name, "CNAME "+target.String()+".evil.example.")
}

// rawRecord is a resource record of the type, whatever its data (RFC 1035, section
// 4.1.3). Its name is the question's.
func rawRecord(qtype uint16, data []byte) func(int) []byte {
	return func(int) []byte {
		rr := binary.BigEndian.AppendUint16([]byte{0xc0, 12}, qtype)
		rr = append(rr, 0, 1, 0, 0, 0, 0)
		rr = binary.BigEndian.AppendUint16(rr, uint16(len(data)))
		return append(rr, data...)
	}
}

func (h *hostileWorld) caa(name, text string) {
	h.raw(mdns.TypeCAA, rawRecord(mdns.TypeCAA, append([]byte("\x00\x05issue"), text...)))(name)
}

// caaTag has the text for a critical tag (RFC 8659, section 4.1).
func (h *hostileWorld) caaTag(name, text string) {
	tag := text[:min(len(text), 255)]
	h.raw(mdns.TypeCAA, rawRecord(mdns.TypeCAA, append([]byte{128, byte(len(tag))}, tag+"x"...)))(name)
}

func (h *hostileWorld) dnsError(name, text string) {
	h.lab.DNS.Fail(name, 0, dns.Fault{Rcode: mdns.RcodeServerFailure, EDE: mdns.ExtendedErrorCodeNetworkError, Text: text[:min(len(text), 900)]})
}

func (h *hostileWorld) page(name, text string) {
	h.lab.Edge.Behave(name, edge.Behaviour{Status: http.StatusNotFound, Body: text, Header: http.Header{
		"Server": {text}, "Via": {"1.1 " + text}, "Cf-Ray": {text}, "X-Cache": {text}, "Content-Type": {"text/html"},
	}})
}

func (h *hostileWorld) redirect(name, text string) {
	h.lab.Edge.Behave(name, edge.Behaviour{Redirect: "http://evil.example/" + text})
}

// directory has the text where a CA describes itself (RFC 8555, section 7.1.1).
func (h *hostileWorld) directory(t *testing.T) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.lab.CA.RootPEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	response, err := client.Get(h.lab.CA.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var said map[string]any
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	said["meta"] = map[string]any{
		"caaIdentities": append([]string{lab.Issuer}, h.texts...), "termsOfService": h.said(), "website": h.said(), "profiles": map[string]string{h.said(): h.said()},
	}
	body, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	h.lab.CA.Fault(ca.Of(ca.Directory), ca.Fault{Status: http.StatusOK, Body: string(body)})
}

func problem(text string) ca.Problem {
	return ca.Problem{
		Type: "rejectedIdentifier", Detail: text, Status: http.StatusForbidden,
		Subproblems: []ca.Subproblem{{Type: text, Detail: text, Name: text}},
	}
}

func (h *hostileWorld) order(name, text string) {
	h.lab.CA.Fault(ca.Naming(name, ca.Writes(ca.NewOrder)), ca.Refusal(problem(text)))
}

func (h *hostileWorld) validation(name, text string) {
	problem := problem(text)
	h.lab.CA.Judge(name, ca.Verdict{Problem: &problem})
}

// served presents a certificate whose issuer is called like the text.
func (h *hostileWorld) served(t *testing.T) func(name, text string) {
	return func(name, text string) {
		now := time.Now()
		issuer, err := owner.NewNamedCA(strings.ToValidUTF8(text[:min(len(text), 5000)], "?"), now)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := issuer.Issue(now.Add(-time.Hour), now.Add(time.Hour), name)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := tls.X509KeyPair(pair.Chain, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		h.lab.Edge.Behave(name, edge.Behaviour{Certificate: &shown})
	}
}
