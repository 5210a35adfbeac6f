package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

func newRefresh(c console, o *options) *cobra.Command {
	return editor{
		use: "refresh", short: "Try again now, for an app or a domain",
		long: `Try again now instead of at the next attempt, by giving refresh a new value: the
time. It ends a backoff and a state of Failed, never a wait that the CA has set.
A mended DNS record needs no refresh; it is seen by itself.`,
		change: func(now time.Time, app, domain string) (spec.Change, string) {
			return spec.Change{Field: spec.Refresh, Value: now.Format(time.RFC3339)}, about(app, "try again now", domain)
		},
		did: "a refresh is asked for", already: "a refresh is asked for",
		tell: func(d operate.Done, r operate.Report, _ operate.Terms, now time.Time) []string {
			return operate.Refreshed(d, r, now)
		},
	}.command(c, o)
}

// about is a commit's message.
func about(app, what, domain string) string {
	if domain != "" {
		return app + ": " + what + " for " + domain
	}
	return app + ": " + what
}
