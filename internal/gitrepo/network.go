package gitrepo

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// explainNetwork is what is left when neither the server nor this machine said
// what is wrong.
func (r *Repo) explainNetwork(err error) error {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	setting, detail := "repository.url and the network", "cannot be reached or broke off ("+network(err)+")"
	switch {
	case errors.As(err, &certificate):
		why := strings.TrimPrefix(certificate.Err.Error(), "x509: ")
		return r.unreachable("showed a certificate that does not verify ("+clean(why)+")", "repository.auth.caFile", err)
	case errors.As(err, &dns) && dns.IsNotFound:
		setting, detail = "repository.url", "cannot be reached: its host name does not resolve"
	case errors.Is(err, pktline.ErrInvalidPktLen), errors.Is(err, packp.ErrEmptyInput):
		setting, detail = "repository.url", "answered, but not as a git server does"
	}
	e := r.unreachable(detail, setting, err)
	e.Temporary = true
	return e
}

// network says how a conversation ended, in other words than the libraries'.
func network(err error) string {
	var cause syscall.Errno
	var late net.Error
	switch {
	case errors.As(err, &cause):
		return cause.Error()
	case errors.As(err, &late) && late.Timeout():
		return "no answer in time"
	case strings.HasSuffix(err.Error(), io.ErrUnexpectedEOF.Error()): // not all wrappers pass it on
		return "the answer was cut off"
	case errors.Is(err, io.EOF):
		return "the connection was cut"
	}
	return clean(err.Error())
}
