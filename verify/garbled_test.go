package verify_test

import (
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// A message that cannot be read is an answer: whoever sent it is there, and no
// waiting mends it.
func TestAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newDNS(t)
	s.Set("a.example", "A 192.0.2.1")
	// An address of three bytes (RFC 1035, section 3.4.1), and a CAA record whose
	// tag is longer than itself (RFC 8659, section 4.1).
	short := func(qtype uint16, data string) dns.Fault {
		return dns.Fault{Raw: func(int) []byte {
			head := []byte{0xc0, 12, byte(qtype >> 8), byte(qtype), 0, 1, 0, 0, 0, 0, 0, byte(len(data))}
			return append(head, data...)
		}}
	}
	s.Fail("a.example", mdns.TypeA, short(mdns.TypeA, "\x7f\x00\x00"))
	s.Set("b.example", "A 192.0.2.1")
	s.Fail("b.example", mdns.TypeCAA, short(mdns.TypeCAA, "\x00\xc8is"))
	v := verify.New(verify.Config{Resolvers: []string{s.Addr()}})
	if a := observe(t, v, record.Question{Name: "a.example", DNS: true}).DNS.A; a.Answer != record.Garbled || a.Detail != s.Addr()+" answers with a message that cannot be read" {
		t.Errorf("A: %+v", a)
	}
	if caa := observe(t, v, record.Question{Name: "b.example", CAA: true}).CAA; caa.Answer != record.Garbled || !caa.OthersAnswer {
		t.Errorf("CAA: %+v", caa)
	}
}
