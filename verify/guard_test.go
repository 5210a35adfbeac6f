package verify_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/acmsync/acmsync/verify"
)

// The rows are the entries of IANA's special-purpose registries (RFC 6890) and
// their edges, and the spellings by which people get around a guard.
func TestGuard(t *testing.T) {
	t.Parallel()
	rows := map[bool][]string{
		true: {
			"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
			"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
			"192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
			"2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a00:1450::1", "3fff:1000::1",
		},
		false: {
			"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
			"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1",
			"192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
			"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",

			"::", "::1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
			"64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1",
			"2001:1ff::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "2620:4f:8000::1", "3ffe::1", "3fff::1", "3fff:fff::1",
			"4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
			"2606:4700::1111%eth0", "1fff::1",
		},
	}
	var guard verify.Guard
	for want, texts := range rows {
		for _, text := range texts {
			if got := guard.Allowed(netip.MustParseAddr(text)); got != want {
				t.Errorf("Allowed(%s) = %v, want %v", text, got, want)
			}
		}
	}
	if guard.Allowed(netip.Addr{}) {
		t.Error("no address at all is allowed")
	}
}

func TestGuardExceptions(t *testing.T) {
	t.Parallel()
	guard := verify.NewGuard(netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("fd00:1::/32"), netip.MustParsePrefix("::/0"), netip.Prefix{})
	for text, want := range map[string]bool{
		"10.200.0.1": true, "11.0.0.1": true, "127.0.0.1": false, "192.168.0.1": false, "fd00:1::5": true, "fd00:2::5": true,
		"::ffff:10.0.0.1": false, "fd00:1::5%eth0": false, "8.8.8.8": true,
	} {
		if got := guard.Allowed(netip.MustParseAddr(text)); got != want {
			t.Errorf("Allowed(%s) = %v, want %v", text, got, want)
		}
	}
}

// Control looks at the socket's own address, so what a spelling turns into
// while dialling is seen.
func TestGuardControl(t *testing.T) {
	t.Parallel()
	port := listen(t, "127.0.0.1:0", func(net.Conn) {})
	var guard verify.Guard
	dialer := net.Dialer{Control: guard.Control}
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "localhost"} {
		conn, err := dialer.Dial("tcp", net.JoinHostPort(host, itoa(port)))
		var forbidden *verify.ForbiddenError
		if !errors.As(err, &forbidden) {
			t.Errorf("dialling %s: %v, want a ForbiddenError", host, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
	dialer.Control = verify.NewGuard(loopback...).Control
	conn, err := dialer.Dial("tcp", net.JoinHostPort("127.0.0.1", itoa(port)))
	if err != nil {
		t.Fatalf("dialling an exception: %v", err)
	}
	conn.Close()
	if err := guard.Control("tcp", "not an address", nil); err == nil {
		t.Error("an address that cannot be read is allowed")
	}
}
