package issue

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// told says why there was no answer, without what differs at every try: numbers
// of streams and ports of our own.
func told(err error) string {
	var timeout net.Error
	var op *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return unreached(op)
	case errors.As(err, &untrusted):
		return "its HTTPS certificate does not verify: " + strings.TrimPrefix(untrusted.Err.Error(), "x509: ")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case brokenOff(err):
		return "the connection was broken off"
	}
	return err.Error()
}

// unreached says why there is no connection.
func unreached(op *net.OpError) string {
	var name *net.DNSError
	switch {
	case errors.As(op.Err, &name) && name.IsNotFound:
		return "the host name " + name.Name + " does not resolve"
	case errors.As(op.Err, &name):
		return "the host name " + name.Name + " could not be resolved (" + name.Err + ")"
	case op.Addr == nil:
		return op.Err.Error()
	case errors.Is(op.Err, syscall.ECONNREFUSED):
		return op.Addr.String() + " refuses the connection"
	case op.Timeout():
		return op.Addr.String() + " does not answer"
	}
	var cause syscall.Errno
	if errors.As(op.Err, &cause) {
		return op.Addr.String() + " cannot be reached (" + cause.Error() + ")"
	}
	return op.Addr.String() + " cannot be reached (" + op.Err.Error() + ")"
}

// brokenOff: after it was made. The errors of net/http's own HTTP/2 are of no
// exported type.
func brokenOff(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	text := err.Error()
	return strings.Contains(text, "stream error: ") || strings.Contains(text, "http2: ") || strings.Contains(text, "server closed idle connection")
}
