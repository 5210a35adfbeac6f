package main

import (
	"strings"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/settings"
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

// letsEncrypt: the directory is theirs, for use or for trying.
func letsEncrypt(directory string) bool {
	host, _, _ := strings.Cut(strings.TrimPrefix(directory, "https://"), "/")
	return strings.HasSuffix(host, ".api.letsencrypt.org")
}
