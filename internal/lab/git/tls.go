package git

import "encoding/pem"

// RootPEM is the certificate that verifies the server's own; nil without TLS.
func (h *HTTP) RootPEM() []byte {
	certificate := h.server.Certificate()
	if certificate == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}
