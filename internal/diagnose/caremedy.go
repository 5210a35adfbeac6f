package diagnose

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
)

// remedyFor is what to do about the CA's words, where they tell more than the
// reason alone; empty: nothing more.
func (f facts) remedyFor(code failure.Code, said utterance) string {
	switch code {
	case failure.AccountProblem:
		return accountRemedy(said)
	case failure.CDNChallengeMissing:
		if f.question.Known.DNS == record.Pass {
			return f.exemptRemedy()
		}
	case failure.ChallengeUnreach:
		if mentions(said.detail, "redirect") {
			return f.onceRemedy() + wherever
		}
	case failure.SecondaryValidation:
		return f.everywhereRemedy(said)
	case failure.Blocklisted:
		return fmt.Sprintf("Ask the CA%s why it refuses %s, quoting its words, or write another name in the entry of the app in the repository (apps.yaml).", f.contact(), f.name)
	case failure.CARefused:
		switch {
		case said.wordless:
			return fmt.Sprintf("Look at what stands between acmsync and the CA, such as a proxy or a firewall, and at acme.directory: a CA says why it refuses, and this answer does not; if there is nothing between, ask the CA%s.", f.contact())
		case said.detail == "":
			return fmt.Sprintf("Ask the CA%s why it refuses %s: it did not say.", f.contact(), f.name)
		}
		return fmt.Sprintf("Do what the CA's words under problem ask for; if they ask for nothing, ask the CA%s.", f.contact())
	case failure.ProfileUnsupported:
		return "Use a CA that issues without a profile: this release of acmsync cannot ask for one."
	}
	return ""
}

// contact is where the CA takes questions; empty: not known to us.
func (f facts) contact() string {
	if slices.Contains(f.platform.CAAIdentities, "letsencrypt.org") {
		return " (https://community.letsencrypt.org)"
	}
	return ""
}

// everywhereRemedy: CAs look from several places of the internet at once
// (baseline requirements, section 3.2.2.9).
func (f facts) everywhereRemedy(said utterance) string {
	if said.kind == "dns" {
		return fmt.Sprintf("Ask the DNS provider of %s to answer the whole world alike: no country blocking, no name server that is out of reach from elsewhere; if it finds nothing, send this entry to the operator of this platform.", f.name)
	}
	return fmt.Sprintf("Let the whole world read %s: switch off country blocking, bot protection and answers by country for %s at its firewall, CDN or DNS provider, at least for this path, because the CA looks from several countries at once; if you use none of these, send this entry to the operator of this platform.", f.challengeURL(), f.name)
}

// accountRemedy names the setting that the operator has to change.
func accountRemedy(said utterance) string {
	switch said.kind {
	case "externalAccountRequired":
		return "Set acme.eab to the key of your account at this CA (kid and hmacFile), which the CA shows there."
	case "invalidContact", "unsupportedContact":
		return "Set acme.email to an address that this CA accepts."
	case "userActionRequired":
		return "Read the CA's new terms of service and agree to them as the words under problem say; acmsync goes on by itself."
	case "badPublicKey", "badSignatureAlgorithm":
		return "Put another key into acme.accountKeyFile, of a type that this CA accepts, and run acmsync sync --new-account once."
	case "accountDoesNotExist":
		return "Put the key of the account back into acme.accountKeyFile, or run acmsync sync --new-account once to register the one there."
	}
	if mentions(said.detail, "deactivated", "revoked") {
		return "Put a new key into acme.accountKeyFile and run acmsync sync --new-account once: the CA no longer accepts the account of the old one."
	}
	return ""
}

// ownTime is when the CA says in its words to come back. We say it by
// Retry-After, which may be later.
var ownTime = regexp.MustCompile(`(?i)[,;:]?\s*(?:please )?(?:retry|try again) after .*$`)

// quoted are the CA's words as they stand in a message.
func quoted(code failure.Code, detail string) string {
	detail = publishable(detail, maxDetail)
	if code == failure.RateLimited {
		detail = ownTime.ReplaceAllString(detail, "")
	}
	return Clean(detail, maxPhrase)
}
