package verify

import (
	"context"
	"net"
	"syscall"
	"time"
)

// dialer opens every socket of this package. The zero dialer goes to public
// addresses only.
type dialer struct {
	guard Guard
	// named: the operator named the address; no stranger can have.
	named bool
	// opened, if not nil, is told of each socket just before it is connected.
	opened func(network, address string)
	// timeout bounds a connection; 0: only its context does.
	timeout time.Duration
}

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	socket := net.Dialer{Timeout: d.timeout, KeepAlive: -1, Control: d.control}
	return socket.DialContext(ctx, network, address)
}

// within is the dialer with another time-out.
func (d dialer) within(timeout time.Duration) dialer {
	d.timeout = timeout
	return d
}

func (d dialer) control(network, address string, c syscall.RawConn) error {
	if !d.named {
		if err := d.guard.Control(network, address, c); err != nil {
			return err
		}
	}
	if d.opened != nil {
		d.opened(network, address)
	}
	return nil
}
