package main

import (
	"strings"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/issue"
)

// limits are what the CA publishes, as far as it is known, overridden by
// acme.limits. A CA nobody knows has none.
func limits(directory string, by settings.Limits) budget.Limits {
	l := published(directory)
	override(&l.NewOrders, by.NewOrders)
	override(&l.CertificatesPerDomain, by.CertificatesPerDomain)
	override(&l.SameNames, by.SameNames)
	override(&l.FailedAuthorizations, by.FailedAuthorizations)
	override(&l.ConsecutiveFailures, by.ConsecutiveFailures)
	l.RenewalsCount = by.Renewals == "counted" || by.Renewals == "" && !letsEncrypt(directory)
	return l
}

// published are the limits of a CA that publishes them.
func published(directory string) budget.Limits {
	if strings.HasPrefix(directory, "https://acme-v02.api.letsencrypt.org/") {
		return budget.LetsEncrypt()
	}
	return budget.Limits{}
}

func override(l *budget.Limit, by settings.Limit) {
	switch {
	case by.Off:
		*l = budget.Limit{}
	case by.Count > 0:
		*l = budget.Limit{Count: by.Count, Per: by.Per}
	}
}

// rates are the CA's limits on requests, overridden by acme.limits.requests. At
// a CA nobody knows only nonces are paced.
func rates(directory string, by settings.Requests) issue.Rates {
	r := issue.Gentle()
	if letsEncrypt(directory) {
		r = issue.LetsEncrypt()
	}
	for _, f := range []struct {
		rate *issue.Rate
		by   settings.Limit
	}{
		{&r.Directory, by.Directory},
		{&r.NewNonce, by.NewNonce},
		{&r.NewAccount, by.NewAccount},
		{&r.NewOrder, by.NewOrder},
		{&r.RevokeCert, by.RevokeCert},
		{&r.RenewalInfo, by.RenewalInfo},
		{&r.Other, by.Other},
	} {
		switch {
		case f.by.Off:
			*f.rate = issue.Rate{}
		case f.by.Count > 0:
			*f.rate = issue.Rate{Count: f.by.Count, Per: f.by.Per, Burst: min(f.rate.Burst, f.by.Count)}
		}
	}
	return r
}

// letsEncrypt: the directory is theirs, for use or for trying.
func letsEncrypt(directory string) bool {
	host, _, _ := strings.Cut(strings.TrimPrefix(directory, "https://"), "/")
	return strings.HasSuffix(host, ".api.letsencrypt.org")
}
