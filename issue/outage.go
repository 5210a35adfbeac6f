package issue

import (
	"context"
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
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case brokenOff(err):
		return "the connection was broken off"
	}
	return err.Error()
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
