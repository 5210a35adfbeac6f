package main

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/issue"
)

func TestRates(t *testing.T) {
	t.Parallel()
	const le, staging, private = "https://acme-v02.api.letsencrypt.org/directory", "https://acme-staging-v02.api.letsencrypt.org/directory", "https://ca.example.com/acme/directory"
	published := issue.LetsEncrypt()
	for _, directory := range []string{le, staging} {
		if got := rates(directory, settings.Requests{}); got != published {
			t.Errorf("%s: %+v", directory, got)
		}
	}
	if got := rates(private, settings.Requests{}); got != (issue.Rates{NewNonce: published.NewNonce}) {
		t.Errorf("a CA that nobody knows: %+v", got)
	}
	by := settings.Requests{NewNonce: settings.Limit{Off: true}, NewOrder: settings.Limit{Count: 30, Per: time.Second}}
	for directory, burst := range map[string]int{le: 30, private: 0} { // 0: as many as in the time
		got := rates(directory, by)
		if want := (issue.Rate{Count: 30, Per: time.Second, Burst: burst}); got.NewOrder != want || got.NewNonce != (issue.Rate{}) {
			t.Errorf("%s: %+v", directory, got)
		}
	}
}
