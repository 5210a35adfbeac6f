package verify

import (
	"net/netip"
	"sync"
)

// special4 are the IPv4 ranges that are not for the public internet: IANA's
// IPv4 Special-Purpose Address Registry (RFC 6890), multicast (RFC 5771) and
// what is reserved. 192.0.0.0/24 is refused whole; no web server lives on the
// few anycast addresses that it makes an exception of.
var special4 = sync.OnceValue(func() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8",       // this network (RFC 791, section 3.2)
		"10.0.0.0/8",      // private (RFC 1918)
		"100.64.0.0/10",   // carrier-grade NAT (RFC 6598)
		"127.0.0.0/8",     // loopback (RFC 1122, section 3.2.1.3)
		"169.254.0.0/16",  // link-local, cloud metadata (RFC 3927)
		"172.16.0.0/12",   // private (RFC 1918)
		"192.0.0.0/24",    // IETF protocol assignments (RFC 6890, section 2.1)
		"192.0.2.0/24",    // documentation (RFC 5737)
		"192.31.196.0/24", // AS112 (RFC 7535)
		"192.52.193.0/24", // AMT (RFC 7450)
		"192.88.99.0/24",  // 6to4 relays (RFC 7526)
		"192.168.0.0/16",  // private (RFC 1918)
		"192.175.48.0/24", // AS112 (RFC 7534)
		"198.18.0.0/15",   // benchmarking (RFC 2544)
		"198.51.100.0/24", // documentation (RFC 5737)
		"203.0.113.0/24",  // documentation (RFC 5737)
		"224.0.0.0/4",     // multicast (RFC 5771)
		"240.0.0.0/4",     // reserved, broadcast (RFC 1112, section 4)
	)
})

// global6 is all of IPv6 that is assigned as global unicast (RFC 4291, section
// 2.4, and IANA's registry). Whatever lies outside is refused: loopback,
// mapped and NAT64 forms (64:ff9b::/96, 64:ff9b:1::/48), discard-only
// (100::/64), SRv6 (5f00::/16), unique local (fc00::/7), link-local and
// site-local (fe80::/9), multicast (ff00::/8).
var global6 = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)

// special6 are the exceptions within global6 (IANA's IPv6 Special-Purpose
// Address Registry).
var special6 = sync.OnceValue(func() []netip.Prefix {
	return prefixes(
		"2001::/23",         // protocol assignments: Teredo (RFC 4380), benchmarking, ORCHID, …
		"2001:db8::/32",     // documentation (RFC 3849)
		"2002::/16",         // 6to4 (RFC 3056): wraps any IPv4 address
		"2620:4f:8000::/48", // AS112 (RFC 7534)
		"3ffe::/16",         // the former 6bone (RFC 3701)
		"3fff::/20",         // documentation (RFC 9637)
	)
})

func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}
