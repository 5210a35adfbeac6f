package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

func newRotate(c console, o *options) *cobra.Command {
	var compromised bool
	e := editor{
		use: "rotate", short: "Get a new key and certificate, for an app or a domain",
		long: `Get a new key and certificate and revoke the old one, by giving rekey a new
value: the time. The old certificate is revoked only after the new one is
deployed everywhere and served, and the grace is over. With --compromised it
does not wait for the grace, and the CA is told that the key is known to others.`,
		did: "a new key is asked for", already: "a new key is asked for",
		tell: func(d operate.Done, _ operate.Report, t operate.Terms, _ time.Time) []string {
			return operate.Rotated(d, compromised, t)
		},
	}
	e.change = func(now time.Time, app, domain string) (spec.Change, string) {
		value, message := now.Format(time.RFC3339), "get a new key"
		if compromised {
			value, message = "compromised-"+value, "replace a compromised key"
		}
		return spec.Change{Field: spec.Rekey, Value: value}, about(app, message, domain)
	}
	cmd := e.command(c, o)
	cmd.Flags().BoolVar(&compromised, "compromised", false, "the key is known to others: revoke as soon as it is replaced")
	return cmd
}
