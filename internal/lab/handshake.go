package lab

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// Handshake connects to the edge as a browser that trusts the roots of the lab's
// CAs would, and returns the serial of the certificate served.
func (l *Lab) Handshake(name string) (serial string, err error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.trusted)
	for _, authority := range append([]*ca.CA{l.CA}, l.others...) {
		if !roots.AppendCertsFromPEM(authority.Issuers()) {
			return "", fmt.Errorf("the lab's CA has no root")
		}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Edge.TLSPort()))
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	conn, err := tls.DialWithDialer(dialer, "tcp", address, &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err != nil {
		return "", err
	}
	leaf := conn.ConnectionState().PeerCertificates[0]
	return hex.EncodeToString(leaf.SerialNumber.Bytes()), conn.Close()
}
