package intruder

// Addresses are where no stranger may lead us: the first and the last address of
// every block of IANA's special-purpose registries (RFC 6890) and of multicast,
// and the forms of IPv6 that stand for an address of IPv4.
func Addresses() []string {
	return []string{
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
		"127.0.0.0", "127.0.0.1", "127.0.0.53", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255",
		"172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170", "192.0.0.255", "192.0.2.0", "192.0.2.255",
		"192.31.196.0", "192.31.196.255", "192.52.193.0", "192.52.193.255", "192.88.99.0", "192.88.99.255",
		"192.168.0.0", "192.168.255.255", "192.175.48.0", "192.175.48.255", "198.18.0.0", "198.19.255.255",
		"198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",

		"::", "::1", "::7f00:1", "::a00:1", // unspecified, loopback, IPv4-compatible
		"::ffff:7f00:1", "::ffff:a9fe:a9fe", "::ffff:808:808", "::ffff:0:7f00:1", // IPv4-mapped and -translated
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:7f00:1", // NAT64, RFC 6052 and 8215
		"100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::", // discard and dummy prefix, RFC 6666 and 9780
		"2001::", "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", // Teredo, RFC 4380
		"2001:1::1", "2001:2::", "2001:4:112::1", "2001:10::", "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:30::1", "2001:1ff:ffff::",
		"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", // documentation
		"2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::", "2620:4f:8000::1", "3ffe::1", // 6to4, AS112, the 6bone
		"5f00::", "5f00:ffff::1", // SRv6 SIDs, RFC 9602
		"fc00::", "fd00::1", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "fe80::1", "febf:ffff::1", "fec0::1", // unique and link local
		"ff00::", "ff02::1", "ff0e::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::1", "1fff:ffff::1",
	}
}

// Hosts are spellings of such addresses, and of hosts of one's own, that some
// programs understand where a host name belongs.
func Hosts() []string {
	return []string{
		"127.1", "127.0.1", "10.1", "0", "0.0", "127.0.0.1.", "127.1.", "localhost.",
		"2130706433", "017700000001", "0x7f000001", "0X7F.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "00000177.0.0.1", "0x7f.0x0.0x0.0x1", "0300.0250.1.1",
		"3232235777", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.16689662", "127.0.0.0x1", "127.00.00.01", "256.256.256.256",
		"１２７.0.0.1", "①②⑦.⓪.⓪.①", "𝟙𝟚𝟟.𝟘.𝟘.𝟙", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７。１", "０ｘ７ｆ．１", "169｡254｡169｡254", "2130706433。",
		"localhost", "LOCALHOST", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ip6-localhost", "metadata", "kubernetes",
		"[::1]", "[::]", "[::1%25lo]", "[fe80::1%25eth0]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:FFFF:7F00:1]", "[::FFFF:A9FE:A9FE]", "[::127.0.0.1]",
		"[64:ff9b::127.0.0.1]", "[2002:7F00:1::]", "[FD00::1]", "[v1.127.0.0.1]", "[127.0.0.1]", "[::1", "::1", "::1]",
		"me@127.0.0.1", "public.example@127.0.0.1", "public.example:80@127.0.0.1", "public.example%40127.0.0.1", "127.0.0.1:80@public.example",
		"127.0.0.1:80", "127.0.0.1:", "127.0.0.1:22", "127.0.0.1:6443", "localhost:80", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%00.example", "127.0.0.1%23.example",
		"127.0.0.1#.public.example", "127.0.0.1?.public.example", "127.0.0.1/.public.example", `127.0.0.1\.public.example`, `public.example\@127.0.0.1`, "127.0.0.1 ", "127.0.0.1\t",
	}
}
