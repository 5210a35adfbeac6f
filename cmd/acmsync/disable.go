package main

import "github.com/spf13/cobra"

func newDisable(c console, o *options) *cobra.Command {
	return switching("false", editor{
		use: "disable", short: "Switch automatic certificates off, for an app or a domain",
		long: `Switch automatic certificates off, by acm: false. Certificates stay in use for
the grace (policy.revokeAfter), then they are revoked and their files go;
enabling within that time keeps them. Do not switch to and fro: after the grace
each domain costs a new certificate, and CAs limit how many there are a week.
Where a certificate is brought along, that one is used from then on.`,
		did: "automatic certificates are off", already: "automatic certificates are off",
	}).command(c, o)
}
