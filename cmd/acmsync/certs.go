package main

import (
	"crypto/x509"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/status"
)

func newCerts(c console, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "certs",
		Short: "List the certificates: names, issuer, expiry, trust",
		Long: `List the certificates in the store: names, app, issuer, expiry, whether this
machine's root certificates vouch for it, and type. Names without one are in
acmsync status.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := o.open(cmd.Context(), c, access{}, nil)
			if err != nil {
				return err
			}
			defer p.close()
			view, err := p.controller.View(cmd.Context())
			if err != nil {
				return err
			}
			if view.Revision == "" {
				return printUnsynced(c)
			}
			trusted := func(sha256 string) bool {
				pair, err := p.store.Pair(cmd.Context(), sha256)
				return err == nil && publiclyTrusted(pair.Chain)
			}
			t := terminalOf(c.out)
			return status.Certs(c.out, status.Inventory(status.Apps(view), trusted), time.Now(), t.color, t.width)
		},
	}
}

// publiclyTrusted reports whether this machine's root certificates vouch for
// the chain.
func publiclyTrusted(chain []byte) bool {
	certs, err := keypair.ParseChain(chain)
	if err != nil || len(certs) == 0 {
		return false
	}
	intermediates := x509.NewCertPool()
	for _, cert := range certs[1:] {
		intermediates.AddCert(cert)
	}
	_, err = certs[0].Verify(x509.VerifyOptions{Intermediates: intermediates})
	return err == nil
}
