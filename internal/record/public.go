package record

import "net/netip"

// special are the blocks of IANA's IPv4 and IPv6 special-purpose address
// registries (RFC 6890 and what was added since) where no site can live that a
// CA could reach, and those that stand for another address (6to4, Teredo).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network, RFC 791
	netip.MustParsePrefix("10.0.0.0/8"),        // private use, RFC 1918
	netip.MustParsePrefix("100.64.0.0/10"),     // carrier-grade NAT, RFC 6598
	netip.MustParsePrefix("127.0.0.0/8"),       // loopback, RFC 1122
	netip.MustParsePrefix("169.254.0.0/16"),    // link local, RFC 3927
	netip.MustParsePrefix("172.16.0.0/12"),     // private use, RFC 1918
	netip.MustParsePrefix("192.0.0.0/24"),      // IETF protocol assignments, RFC 6890
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation, RFC 5737
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112, RFC 7535
	netip.MustParsePrefix("192.52.193.0/24"),   // AMT, RFC 7450
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relay, RFC 7526
	netip.MustParsePrefix("192.168.0.0/16"),    // private use, RFC 1918
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112, RFC 7534
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarking, RFC 2544
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation, RFC 5737
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation, RFC 5737
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast, RFC 5771
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved and broadcast, RFC 1112
	netip.MustParsePrefix("2001::/23"),         // IETF protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),     // documentation, RFC 3849
	netip.MustParsePrefix("2002::/16"),         // 6to4, RFC 3056
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112, RFC 7534
	netip.MustParsePrefix("3ffe::/16"),         // the former 6bone, RFC 3701
	netip.MustParsePrefix("3fff::/20"),         // documentation, RFC 9637
}

// globalUnicast is all of IPv6 that is assigned so (RFC 4291, section 2.4).
// Outside lie loopback, mapped and NAT64 forms, unique local, link local and
// multicast addresses.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// Public reports whether addr can be reached from the internet at large, or
// lies in one of the allowed ranges. Neither holds for the zero address, and
// for one with a zone or an IPv4-mapped one, which are other spellings of
// something and in DNS a way around a guard.
func Public(addr netip.Addr, allowed []netip.Prefix) bool {
	switch {
	case !addr.IsValid(), addr.Zone() != "", addr.Is4In6():
		return false
	case within(addr, allowed):
		return true
	case addr.Is6() && !globalUnicast.Contains(addr):
		return false
	default:
		return !within(addr, special)
	}
}

func within(addr netip.Addr, blocks []netip.Prefix) bool {
	for _, b := range blocks {
		if b.Contains(addr) {
			return true
		}
	}
	return false
}
