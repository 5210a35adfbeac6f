package record_test

import (
	"net/netip"
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{
		"8.8.8.8":               true,
		"100.63.255.255":        true,
		"100.64.0.0":            false,
		"172.15.255.255":        true,
		"172.31.255.255":        false,
		"127.0.0.1":             false,
		"169.254.169.254":       false,
		"198.51.100.7":          false,
		"224.0.0.1":             false,
		"255.255.255.255":       false,
		"2606:4700::1111":       true,
		"::":                    false,
		"::1":                   false,
		"::ffff:8.8.8.8":        false,
		"::7f00:1":              false,
		"64:ff9b::7f00:1":       false,
		"5f00::1":               false,
		"2001:0:7f00:1::":       false,
		"2001:db8::1":           false,
		"2002:7f00:1::":         false,
		"fd00::1":               false,
		"fe80::1%eth0":          false,
		"ff02::1":               false,
		"2001:4860:4860::8888":  true,
		"2606:4700::1111%bogus": false,
	}
	for text, want := range cases {
		if got := record.Public(netip.MustParseAddr(text), nil); got != want {
			t.Errorf("Public(%s) = %v, want %v", text, got, want)
		}
	}
	allowed := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if !record.Public(netip.MustParseAddr("10.1.2.3"), allowed) {
		t.Error("an allowed private address is not public")
	}
	if record.Public(netip.MustParseAddr("192.168.0.1"), allowed) {
		t.Error("a private address outside the allowed ranges is public")
	}
	if record.Public(netip.Addr{}, allowed) {
		t.Error("the zero address is public")
	}
}
