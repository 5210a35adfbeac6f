package verify

import (
	"fmt"
	"net/netip"
	"syscall"
)

// Guard decides which addresses may be dialled on behalf of strangers: public
// unicast addresses and the ranges its owner excepts. The zero Guard excepts
// nothing. It is safe for concurrent use.
type Guard struct {
	allow []netip.Prefix
}

// NewGuard returns a Guard that also lets the given ranges through.
func NewGuard(allow ...netip.Prefix) Guard {
	masked := make([]netip.Prefix, 0, len(allow))
	for _, p := range allow {
		if p.IsValid() {
			masked = append(masked, p.Masked())
		}
	}
	return Guard{allow: masked}
}

// Allowed reports whether addr may be dialled. An IPv4-mapped IPv6 address and
// one with a zone never may, not even as an exception: they are other
// spellings of something, and whoever publishes one means to get around a
// guard.
func (g Guard) Allowed(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Is4In6() || addr.Zone() != "" {
		return false
	}
	for _, p := range g.allow {
		if p.Contains(addr) {
			return true
		}
	}
	return public(addr)
}

// Control is a net.Dialer's Control: the last look at the address, after every
// resolution and redirect, on the socket itself.
func (g Guard) Control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !g.Allowed(at.Addr()) {
		return &ForbiddenError{Address: address}
	}
	return nil
}

// ForbiddenError is a Guard's refusal.
type ForbiddenError struct {
	// Address is what was to be dialled, with or without a port.
	Address string
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("%s is not a public address", e.Address)
}

func public(addr netip.Addr) bool {
	special := special6
	if addr.Is4() {
		special = special4
	} else if !global6.Contains(addr) {
		return false
	}
	for _, p := range special() {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
