package settings

import (
	"slices"
	"strings"
	"time"
)

// field is one setting: its dotted key and how a value gets into it.
type field struct {
	key string
	set setter
	// secret is the setting where it names a file that holds one; nil: it does
	// not. No setting is a secret itself.
	secret *string
	// nested settings are more than one value and so only fit into the file.
	nested bool
}

// fields is the table of every setting there is, this release's and those it
// refuses by name.
func (s *Settings) fields() []field {
	return slices.Concat(
		s.repositoryFields(), s.acmeFields(), s.challengeFields(),
		s.platformFields(), s.policyFields(), s.otherFields(),
	)
}

func (s *Settings) repositoryFields() []field {
	r, st := &s.Repository, &s.Status
	return []field{
		{key: "repository.url", set: repositoryURL(&r.URL)},
		{key: "repository.branch", set: text(&r.Branch, branch)},
		{key: "repository.path", set: treePath(&r.Path)},
		{key: "repository.auth.username", set: text(&r.Auth.Username, filled)},
		{key: "repository.auth.tokenFile", set: file(&r.Auth.TokenFile), secret: &r.Auth.TokenFile},
		{key: "repository.auth.sshKeyFile", set: file(&r.Auth.SSHKeyFile), secret: &r.Auth.SSHKeyFile},
		{key: "repository.auth.knownHostsFile", set: file(&r.Auth.KnownHostsFile)},
		{key: "repository.auth.caFile", set: file(&r.Auth.CAFile)},
		{key: "repository.author.name", set: text(&r.Author.Name, filled, authorWords)},
		{key: "repository.author.email", set: text(&r.Author.Email, filled, authorWords)},
		{key: "repository.signingKeyFile", set: checked(&r.SigningKeyFile, func(path string) error { _, err := SigningKey(path); return err })},
		{key: "repository.allowedSignersFile", set: checked(&r.AllowedSignersFile, func(path string) error { _, err := AllowedSigners(path); return err })},
		{key: "status.branch", set: text(&st.Branch, branch)},
		{key: "status.path", set: treePath(&st.Path)},
		{key: "status.shard", set: oneOf(&st.Shard, "auto", "true", "false")},
	}
}

func (s *Settings) acmeFields() []field {
	a := &s.ACME
	return append([]field{
		{key: "acme.directory", set: parsed(&a.Directory, directory)},
		{key: "acme.email", set: text(&a.Email, mailbox)},
		{key: "acme.acceptTerms", set: boolean(&a.AcceptTerms)},
		{key: "acme.accountKeyFile", set: location(&a.AccountKeyFile), secret: &a.AccountKeyFile},
		{key: "acme.profile", set: laterUnless("")},
		{key: "acme.keyType", set: oneOf(&a.KeyType, "ec256", "ec384", "rsa2048", "rsa3072", "rsa4096")},
		{key: "acme.commonName", set: boolean(&a.CommonName)},
		{key: "acme.caFile", set: file(&a.CAFile)},
		{key: "acme.eab.kid", set: text(&a.EAB.KID, filled)},
		{key: "acme.eab.hmacFile", set: file(&a.EAB.HMACFile), secret: &a.EAB.HMACFile},
	}, a.Limits.fields("acme.")...)
}

// fields is the table of the limits of one CA.
func (l *Limits) fields(prefix string) []field {
	table := []field{
		{key: "renewals", set: oneOf(&l.Renewals, "exempt", "counted")},
	}
	for _, f := range []struct {
		key   string
		limit *Limit
	}{
		{"newOrders", &l.NewOrders},
		{"certificatesPerDomain", &l.CertificatesPerDomain},
		{"sameNames", &l.SameNames},
		{"failedAuthorizations", &l.FailedAuthorizations},
		{"consecutiveFailures", &l.ConsecutiveFailures},
		{"requests.directory", &l.Requests.Directory},
		{"requests.newNonce", &l.Requests.NewNonce},
		{"requests.newAccount", &l.Requests.NewAccount},
		{"requests.newOrder", &l.Requests.NewOrder},
		{"requests.revokeCert", &l.Requests.RevokeCert},
		{"requests.renewalInfo", &l.Requests.RenewalInfo},
		{"requests.other", &l.Requests.Other},
	} {
		table = append(table, field{key: f.key, set: parsed(f.limit, parseLimit)})
	}
	for i := range table {
		table[i].key = prefix + "limits." + table[i].key
	}
	return table
}

func (s *Settings) challengeFields() []field {
	c := &s.Challenge
	return []field{
		{key: "challenge.default", set: challengeMethod(&c.Default)},
		{key: "challenge.http01.mode", set: oneOf(&c.Mode, "stateless", "listen", "webroot")},
		{key: "challenge.http01.listen", set: text(&c.Listen, listenAddress)},
		{key: "challenge.http01.dir", set: folder(&c.Dir)},
		{key: "challenge.tlsalpn01", set: later, nested: true},
		{key: "challenge.dns01.provider", set: oneOf(&c.DNS01.Provider, "rfc2136", "exec", "httpreq")},
		{key: "challenge.dns01.env", set: variables(&c.DNS01.Env), nested: true},
		{key: "challenge.dns01.propagationTimeout", set: duration(&c.DNS01.PropagationTimeout, time.Second, time.Hour)},
	}
}

func (s *Settings) platformFields() []field {
	p := &s.Platform
	return []field{
		{key: "platform.target", set: parsed(&p.Target, target)},
		{key: "platform.addresses", set: list(&p.Addresses, addresses)},
		{key: "platform.legacyTargets", set: list(&p.LegacyTargets, legacyTarget)},
		{key: "platform.ineligiblePlans", set: list(&p.IneligiblePlans, asText)},
		{key: "platform.resolvers", set: list(&p.Resolvers, resolver)},
		{key: "platform.probePort", set: number(&p.ProbePort, 1, 65535)},
		{key: "platform.servedPort", set: number(&p.ServedPort, 1, 65535)},
		{key: "platform.probeAllow", set: list(&p.ProbeAllow, prefixes)},
	}
}

func (s *Settings) policyFields() []field {
	p := &s.Policy
	return []field{
		{key: "policy.renewAt", set: parsed(&p.RenewAt, parseFraction)},
		{key: "policy.failAfter", set: duration(&p.FailAfter, time.Second, 365*24*time.Hour)},
		{key: "policy.notifyAfter", set: duration(&p.NotifyAfter, 0, 365*24*time.Hour)},
		{key: "policy.revokeAfter", set: grace(&p.RevokeAfter, &p.NeverRevoke)},
		{key: "policy.maxRemovals", set: parsed(&p.MaxRemovals, parsePercent)},
		{key: "policy.maxDomainsPerApp", set: number(&p.MaxDomainsPerApp, 0, 1_000_000)},
		{key: "policy.allowWildcards", set: boolean(&p.AllowWildcards)},
		{key: "policy.verifyOwnership", set: boolean(&p.VerifyOwnership)},
		{key: "policy.concurrency", set: number(&p.Concurrency, 1, 1000)},
	}
}

func (s *Settings) otherFields() []field {
	return []field{
		{key: "store.url", set: storeURL(&s.Store)},
		{key: "store.identityFile", set: file(&s.Store.IdentityFile), secret: &s.Store.IdentityFile},
		{key: "store.git", set: later, nested: true},
		{key: "notify", set: later, nested: true},
		{key: "forge", set: later, nested: true},
		{key: "daemon.interval", set: duration(&s.Daemon.Interval, time.Second, 24*time.Hour)},
		{key: "daemon.listen", set: later},
		{key: "daemon.webhookSecretFile", set: later},
	}
}

// fields is the table of one entry of deploy.
func (d *Deploy) fields() []field {
	table := []field{
		{key: "name", set: text(&d.Name, targetName)},
		{key: "files.dir", set: location(&d.Dir)},
		{key: "hook", set: list(&d.Hook, argument)},
		{key: "hookTimeout", set: duration(&d.HookTimeout, time.Second, time.Hour)},
	}
	for _, kind := range []string{"exec", "haproxy", "caddy", "traefik", "envoy", "kubernetes"} {
		table = append(table, field{key: kind, set: later, nested: true})
	}
	return table
}

// Keys are the dotted keys of this release's settings in the order of the
// documentation, without the entries of deploy.
func Keys() []string {
	var s Settings
	var keys []string
	for _, f := range s.fields() {
		if !f.nested {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// EnvName is the environment variable of a dotted key: acme.accountKeyFile is
// ACMSYNC_ACME_ACCOUNT_KEY_FILE.
func EnvName(key string) string {
	var b strings.Builder
	b.WriteString("ACMSYNC_")
	for i, r := range key {
		switch {
		case r == '.':
			b.WriteByte('_')
		case r >= 'A' && r <= 'Z' && i > 0:
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteString(strings.ToUpper(string(r)))
		}
	}
	return b.String()
}
