package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/acmsync/acmsync/internal/record"
)

// Guard decides which addresses may be dialled on behalf of strangers: public
// unicast addresses and the ranges its owner excepts. The zero Guard excepts
// nothing. It is safe for concurrent use.
type Guard struct {
	allow []netip.Prefix
}

// NewGuard returns a Guard that also lets the given ranges through.
func NewGuard(allow ...netip.Prefix) Guard { return Guard{allow: slices.Clone(allow)} }

// Allowed reports whether addr may be dialled, see [record.Public]. An
// IPv4-mapped IPv6 address and one with a zone never may, not even as an
// exception.
func (g Guard) Allowed(addr netip.Addr) bool { return record.Public(addr, g.allow) }

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
