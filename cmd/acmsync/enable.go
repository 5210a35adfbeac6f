package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

func newEnable(c console, o *options) *cobra.Command {
	return switching("true", editor{
		use: "enable", short: "Switch automatic certificates on, for an app or a domain",
		long: `Switch automatic certificates on. acm: false is taken out where leaving it out
means on; otherwise acm: true is written. A certificate that is brought along is
used until the automatic one is deployed.`,
		did: "automatic certificates are on", already: "automatic certificates are on",
	}).command(c, o)
}

// switching is an editor of acm.
func switching(value string, e editor) editor {
	e.change = func(_ time.Time, app, domain string) (spec.Change, string) {
		message := app + ": " + e.use + " automatic certificates"
		if domain != "" {
			message += " for " + domain
		}
		return spec.Change{Field: spec.ACM, Value: value}, message
	}
	e.tell = func(d operate.Done, _ operate.Report, t operate.Terms, _ time.Time) []string {
		return operate.Switched(d, t)
	}
	return e
}
