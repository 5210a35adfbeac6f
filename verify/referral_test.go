package verify

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// FuzzAuthority feeds messages as they come from the wire to what reads
// referrals and cuts answers off at the zone's edge.
func FuzzAuthority(f *testing.F) {
	seed := func(answer, authority []string) {
		msg := new(dns.Msg).SetQuestion("www.shop.example.", dns.TypeA)
		msg.Response = true
		for i, texts := range [][]string{answer, authority} {
			for _, text := range texts {
				rr, err := dns.NewRR(text)
				if err != nil {
					f.Fatal(err)
				}
				*[]*[]dns.RR{&msg.Answer, &msg.Ns}[i] = append(*[]*[]dns.RR{&msg.Answer, &msg.Ns}[i], rr)
			}
		}
		wire, err := msg.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	seed(nil, []string{"shop.example. 1 IN NS ns.shop.example."})
	seed(nil, []string{". 1 IN NS a.root.example.", "www.shop.example. 1 IN NS b.example."})
	seed([]string{"www.shop.example. 1 IN CNAME edge.test.", "edge.test. 1 IN A 192.0.2.1"}, nil)
	seed([]string{"www.shop.example. 1 IN CNAME www.shop.example."}, []string{"other.test. 1 IN SOA a. b. 1 1 1 1 1"})
	z := &zone{name: "example"}
	f.Fuzz(func(t *testing.T, wire []byte) {
		msg := new(dns.Msg)
		if msg.Unpack(wire) != nil {
			return
		}
		if owner, rrs := referral(msg, "example", "www.shop.example"); owner != "" && (owner == "example" || !below("example", owner) || !below(owner, "www.shop.example") || len(rrs) == 0) {
			t.Errorf("referred to %q by %d records", owner, len(rrs))
		}
		got := within(z, classify("ns", msg), "www.shop.example")
		if !got.good() {
			return
		}
		for _, rr := range got.msg.Answer {
			if !z.holds(rr.Header().Name) {
				t.Errorf("%s lies outside", rr.Header().Name)
			}
		}
		trail := newTrail("www.shop.example", dns.TypeA)
		if done := trail.read(got); !done && z.holds(trail.at) && trail.answer == record.Answered && len(trail.rrs) > 0 {
			t.Errorf("not done at %s", trail.at)
		}
	})
}
