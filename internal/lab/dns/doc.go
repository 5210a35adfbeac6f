// Package dns is a name server for tests and the demo, programmable while it
// runs. It speaks real DNS over UDP and TCP on loopback and answers the way a
// recursive, validating resolver would:
//
//	s, err := dns.New()
//	defer s.Close()
//	s.Set("www.shop.example", "CNAME edge.example.net.")
//	s.Set("edge.example.net", "A 127.0.0.1", "AAAA ::1")
//	s.Set("shop.example", `CAA 0 issue "ca.test"`)
//	s.Fail("blog.shop.example", 0, dns.Fault{Rcode: 2, EDE: 9, OnlyWithoutCD: true})
//
// Alias chains are followed inside one answer, names that do not exist are
// NXDOMAIN with the zone's SOA, names that exist without the type asked for
// are NODATA, and wildcards are expanded (RFC 4592). Records have a TTL of zero
// unless their text carries one ("300 A 192.0.2.1"), so that a change is seen
// at once.
//
// [Start] with zones makes it a name server with authority for those instead,
// so that a test can set a zone's own servers, their delegation and their
// faults beside what a resolver remembers of them.
//
// Everything asked is counted, so that a test can assert what a client did not
// ask.
package dns
