package failure

// The codes, in the order of [All].
const (
	NameTooLong         Code = "name-too-long"
	IncorrectDNS        Code = "incorrect-dns"
	DNSSECFailed        Code = "dnssec-failed"
	NoWebProcess        Code = "no-web-process"
	DNSUnresolved       Code = "dns-unresolved"
	CDNChallengeMissing Code = "cdn-challenge-missing"
	RedirectDropsPath   Code = "redirect-drops-path"
	IncorrectCNAME      Code = "incorrect-cname-target"
	RateLimited         Code = "rate-limited"
	DNSTimeout          Code = "dns-timeout"
	CDNStrictTLS        Code = "cdn-strict-tls"
	CAAUnsupported      Code = "caa-unsupported"
	CAAForbids          Code = "caa-forbids"
	DomainNotFound      Code = "domain-not-found"
	UnsafeDomain        Code = "unsafe-domain"
	Blocklisted         Code = "blocklisted"

	AAAAMismatch        Code = "aaaa-mismatch"
	ReservedAddress     Code = "reserved-address"
	ChallengeUnreach    Code = "challenge-unreachable"
	ChallengeTLS        Code = "challenge-tls"
	SecondaryValidation Code = "secondary-validation"
	TrustedIPs          Code = "trusted-ips"
	WildcardNeedsDNS    Code = "wildcard-needs-dns"
	WildcardsNotAllowed Code = "wildcards-not-allowed"
	TooManyDomains      Code = "too-many-domains"
	ClaimedByAnotherApp Code = "claimed-by-another-app"
	OwnershipUnproven   Code = "ownership-unproven"
	AccountProblem      Code = "account-problem"
	AccountPaused       Code = "account-paused"
	ProfileUnsupported  Code = "profile-unsupported"
	CAUnavailable       Code = "ca-unavailable"
	CARefused           Code = "ca-refused"
	BadCertificate      Code = "bad-certificate"
	ManualInvalid       Code = "manual-certificate-invalid"
	DeployFailed        Code = "deploy-failed"
	NotServed           Code = "not-served"
	RemovalHeld         Code = "removal-held"
	Internal            Code = "internal"
)

var reasons = []Reason{
	{
		NameTooLong, "CN exceeding 64 character limit", Owner, OnChange,
		"{name} is longer than the 64 characters a common name may have (RFC 5280, ub-common-name).",
		"Ask the operator to set acme.commonName to false, or use a shorter name than {name}.",
	},
	{
		IncorrectDNS, "Incorrect DNS settings", Owner, Backoff,
		"{name} leads to {observed}, which {detail}.",
		"Set {expected}",
	},
	{
		DNSSECFailed, "Incorrect DNS settings (DNSSEC)", Owner, Backoff,
		"{name} resolves only with DNSSEC validation switched off{detail}.",
		"Tell the DNS provider of {zone} that its DNSSEC signatures fail and have it sign {zone} anew; if it cannot, switch DNSSEC off (delete the DS record of {zone}) at the registrar, where the domain was bought: the site works without.",
	},
	{
		NoWebProcess, "Incorrect DNS settings (no web process)", Owner, OnChange,
		"{app} runs no web process, so nothing can answer the CA's validation of {name}.",
		"Start a web process for {app} and write web: 1 in its entry in the repository (apps.yaml), or {dns}.",
	},
	{
		DNSUnresolved, "Unable to resolve DNS for domain", Owner, Backoff,
		"{name} has no address that a public resolver can find{detail}.",
		"Set {expected}",
	},
	{
		CDNChallengeMissing, "CDN not returning HTTP challenge", Owner, Backoff,
		"http://{name}/.well-known/acme-challenge/ does not return the challenge{detail}.",
		"Make whatever answers for {name} (a CDN, proxy or firewall) pass http://{name}/.well-known/acme-challenge/ through to this platform, or set {expected}",
	},
	{
		RedirectDropsPath, "DNS redirect not forwarding path", Owner, Backoff,
		"{name} redirects to {location}, which {detail} the challenge path.",
		"Make the redirect keep the path (/.well-known/acme-challenge/… must stay in it), or replace it: set {expected}",
	},
	{
		IncorrectCNAME, "Incorrect CNAME target", Owner, Backoff,
		"{name} points at {observed}, which is {detail} a valid target.",
		"Set {expected}",
	},
	{
		RateLimited, "Rate limited", CA, Until,
		"The CA accepts no more requests for {name} for now{detail}.",
		"Nothing to change: the certificate is requested again at {until}.",
	},
	{
		DNSTimeout, "DNS provider timed out", Owner, Backoff,
		"The name servers of {name} did not answer in time{detail}.",
		"Ask the DNS provider of {name} why its name servers do not answer, or move the zone to name servers that do.",
	},
	{
		CDNStrictTLS, "Strict TLS in CDN not supported", Owner, Backoff,
		"{name} demands valid TLS before it has a certificate{detail}.",
		"Take the CDN out of the way of {name} until its certificate is issued (in Cloudflare: set its record to DNS only), or exempt /.well-known/acme-challenge/ from the redirect to https.",
	},
	{
		CAAUnsupported, "DNS provider doesn't support CAA", Owner, Backoff,
		"The name servers of {zone} answer a CAA query with {detail}, so the CA must refuse (RFC 8659, section 3).",
		"Ask the DNS provider of {zone} to answer CAA queries (an empty answer is enough), or move the zone to one that does.",
	},
	{
		CAAForbids, "CAA record prevents issuance", Owner, Backoff,
		"The CAA records of {zone} (the list of CAs that may issue certificates for it) do not allow {ca} to issue for {name}{detail}.",
		"Add {expected}",
	},
	{
		DomainNotFound, "Domain record does not exist", Owner, Backoff,
		"{name} does not exist in DNS (NXDOMAIN).",
		"Add {expected}",
	},
	{
		UnsafeDomain, "Domain considered unsafe", Owner, OnChange,
		"The CA considers {name} unsafe{detail}.",
		"Have {name} reviewed by whoever keeps that list (the CA may name it under problem), then run acmsync refresh {app} {name} to try again.",
	},
	{
		Blocklisted, "Let's Encrypt domain blocklist", Owner, OnChange,
		"The CA refuses to issue for {name}{detail}.",
		"Ask the CA why it refuses {name}, or use another name.",
	},

	{
		AAAAMismatch, "IPv6 address does not belong here", Owner, Backoff,
		"{name} has the IPv6 address {observed}, which does not belong to this platform; the CA asks IPv6 first{detail}.",
		"Remove AAAA {name} {observed}",
	},
	{
		ReservedAddress, "Address is not public", Owner, Backoff,
		"{name} leads to {observed}, an address that cannot be reached from the internet.",
		"Set {expected}",
	},
	{
		ChallengeUnreach, "Challenge cannot be reached", Owner, Backoff,
		"http://{name}/.well-known/acme-challenge/ cannot be fetched{detail}.",
		"Open port 80 of {observed} to the internet and let /.well-known/acme-challenge/ through to this platform.",
	},
	{
		ChallengeTLS, "TLS challenge failed", Owner, Backoff,
		"The TLS handshake of the tls-alpn-01 challenge for {name} failed{detail}.",
		"Let port 443 of {name} through to this platform without terminating TLS before it.",
	},
	{
		SecondaryValidation, "Not reachable from everywhere", Owner, Backoff,
		"{name} validated from one place on the internet but not from others{detail}.",
		"Switch off country blocking, bot protection and answers by country for {name} at its firewall, CDN and DNS provider: the CA looks from several countries at once, and each must see the same.",
	},
	{
		TrustedIPs, "Access restricted to trusted IPs", Owner, OnChange,
		"{app} admits only trusted IPs, so the CA cannot reach {name} over HTTP.",
		"Open {app} to the internet and write trustedIPs: false in its entry in the repository (apps.yaml), or {dns}.",
	},
	{
		WildcardNeedsDNS, "Wildcard needs DNS validation", Owner, OnChange,
		"{name} is a wildcard, which a CA validates over DNS only; {challenge} cannot prove it.",
		"List the names you need instead of {name} in the entry of {app} in the repository (apps.yaml), or {dns}.",
	},
	{
		WildcardsNotAllowed, "Wildcards not allowed", Operator, OnChange,
		"{name} is a wildcard and this platform does not allow wildcards.",
		"List the names you need instead of {name}, or ask the operator to set policy.allowWildcards to true.",
	},
	{
		TooManyDomains, "Too many domains", Operator, OnChange,
		"{app} has more domains than the {limit} this platform allows an app; {name} is beyond the limit.",
		"Remove domains from {app}, or ask the operator to raise policy.maxDomainsPerApp.",
	},
	{
		ClaimedByAnotherApp, "Domain belongs to another app", Owner, OnChange,
		"{name} is claimed by {holder} too, and a domain can belong to one app only.",
		"Remove {name} from {holder}, or from {app}.",
	},
	{
		OwnershipUnproven, "Ownership not proven", Owner, Backoff,
		"No TXT record says that whoever owns {name} wants the app {app} to have it, which this platform asks for before the first certificate{detail}.",
		"Add {expected}",
	},
	{
		AccountProblem, "ACME account problem", Operator, Backoff,
		"The ACME account cannot be used{detail}.",
		"Check acme.email, acme.acceptTerms, acme.eab and acme.accountKeyFile{remedy}.",
	},
	{
		AccountPaused, "ACME account paused for this name", Operator, OnChange,
		"The CA has paused the account for {name} after too many failures.",
		"Unpause {name} at the CA's self-service page, whose link the CA gives to whoever orders with this account, then run acmsync refresh {app} {name} to try again.",
	},
	{
		ProfileUnsupported, "Certificate profile not offered", Operator, OnChange,
		"The CA does not offer the profile {profile}.",
		"Set acme.profile to one of {offered}, or leave it empty.",
	},
	{
		CAUnavailable, "CA unavailable", Nobody, Backoff,
		"The CA cannot be reached or is out of order{detail}.",
		"Nothing to change: acmsync tries again at {until}; certificates in use are not affected.",
	},
	{
		CARefused, "CA refused", Operator, Backoff,
		"The CA refused the request for {name}{detail}.",
		"Do what the CA's words under problem ask for; if they ask for nothing, ask the CA.",
	},
	{
		BadCertificate, "CA returned a bad certificate", Operator, Backoff,
		"The certificate that the CA returned for {name} was not kept: {detail}.",
		"Tell the CA; nothing was installed, and acmsync orders again by itself.",
	},
	{
		ManualInvalid, "Manual certificate invalid", Owner, OnChange,
		"The certificate brought along for {name} cannot be used: {detail}.",
		"Commit a certificate and key that match each other and {name}, and are in date.",
	},
	{
		DeployFailed, "Deployment failed", Operator, Backoff,
		"The certificate of {name} could not be handed to {target}: {detail}.",
		"Mend the deploy target {target}{remedy}; acmsync tries again by itself.",
	},
	{
		NotServed, "Certificate not served", Operator, Backoff,
		"The certificate of {name} is deployed, but {detail}.",
		"Make the TLS server there load what its deploy target holds: mend its certificate path, and have deploy.hook reload it.",
	},
	{
		RemovalHeld, "Removal held", Operator, OnChange,
		"{name} would lose its certificate, but {detail}.",
		"If this is meant, run: acmsync approve {hash}. If not, put {name} back (git revert).",
	},
	{
		Internal, "Internal error", Operator, Backoff,
		"acmsync failed while working on {name}{detail}.",
		"Report this with the log of the pass; acmsync tries again by itself.",
	},
}
