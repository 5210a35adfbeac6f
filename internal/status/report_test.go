package status_test

import (
	"net/netip"
	"time"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
	"github.com/acmsync/acmsync/reconcile"
)

// t0 is in another zone and has a fraction, as files must show neither.
var t0 = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.FixedZone("somewhere", 2*60*60))

const revision = "main@sha1:3f2a9c3f2a9c3f2a9c3f2a9c3f2a9c3f2a9c3f2a"

// report is a platform on a bad day: one of everything.
func report() status.Report {
	return status.Report{
		Apps: []record.App{
			{
				Name: "shop", File: "apps.yaml", ACM: "enabled", Revision: revision, Refresh: "1",
				Refusals: []record.Refusal{{Name: "taken.example", Finding: finding(failure.ClaimedByAnotherApp, "taken.example is claimed by blog too.", "Remove taken.example from blog, or from shop."), Since: t0}},
			},
			{Name: "blog", File: "apps/blog.yaml", ACM: "enabled", Revision: revision},
			{Name: "api", File: "apps/api.yaml", ACM: "enabled", Revision: revision, Error: &record.FileError{File: "apps/api.yaml", Line: 3, Column: 5, Message: "plna: no such field; did you mean plan?"}},
			{Name: "quiet", File: "apps/quiet.yaml", ACM: "disabled", Revision: revision},
			{Name: "gone", File: "apps/gone.yaml", ACM: "enabled", Revision: revision, Gone: true},
			{Name: "forgotten", File: "apps/forgotten.yaml", ACM: "enabled", Revision: revision, Gone: true},
		},
		Domains: append(shop(), others()...),
		Errors: []record.FileError{
			{File: "apps/api.yaml", Line: 12, Column: 1, Message: "second"},
			{File: "apps/api.yaml", Line: 3, Column: 5, Message: "plna: no such field; did you mean plan?"},
		},
		Revision: "3f2a9c3f2a9c3f2a9c3f2a9c3f2a9c3f2a9c3f2a", DesiredHash: "5e0d…", Branch: "main",
		HeldHash: "ab12cd34ab12cd34",
		Policy: reconcile.Policy{
			RevokeAfter: 24 * time.Hour, AllowWildcards: true, MaxDomainsPerApp: 100, IneligiblePlans: []string{"free"},
			Targets: []string{"edge"}, Directory: "https://ca.example/directory",
			Platform: record.Platform{
				Target: "{domain}.dns.example.net", Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")},
				LegacyTargets: []string{"*.oldplatform.example"}, CAAIdentities: []string{"ca.example"},
				AccountURI: "https://ca.example/acct/1", Thumbprint: "thumb", Recipients: []string{"age1recipient"}, ChallengeMode: "stateless", ProbePort: 80, ServedPort: 443,
			},
		},
	}
}

// shop has every state that is not sad.
func shop() []record.Domain {
	issued := row("shop", "www.shop.example", record.CertIssued)
	issued.Certificate = certificate("www.shop.example", "0a1b")
	issued.Deployed = []record.Deployment{{Target: "edge", SHA256: issued.Certificate.SHA256}}
	issued.Checks = record.Checks{DNS: record.Pass, CAA: record.Pass, Challenge: record.Pass, Issued: record.Pass, Deployed: record.Pass, Served: record.Unknown}

	renewal := issued
	renewal.Key, renewal.Names = "xn--bcher-kva.example", []string{"xn--bcher-kva.example"}
	renewal.Certificate = certificate("xn--bcher-kva.example", "1e10")
	renewal.Checks.CAA = record.Fail
	renewal.Attempt = record.Attempt{Count: 2, FirstFailed: t0, Last: t0, Next: t0.Add(100 * time.Minute)}
	renewal.Findings = []record.Finding{finding(failure.CAAForbids, "The CAA records of xn--bcher-kva.example do not allow ca.example.", `Add CAA xn--bcher-kva.example 0 issue "ca.example".`)}

	deployFailed := row("shop", "old.shop.example", record.DNSVerified)
	deployFailed.Certificate = certificate("old.shop.example", "2f2f")
	deployFailed.Deployed = []record.Deployment{{Target: "edge", Error: "permission denied", Tries: 3, Next: t0.Add(time.Hour)}}
	deployFailed.Checks = record.Checks{DNS: record.Pass, CAA: record.Pass, Challenge: record.Pass, Issued: record.Pass, Deployed: record.Fail, Served: record.Skipped}
	deployFailed.Findings = []record.Finding{finding(failure.DeployFailed, "The certificate of old.shop.example could not be handed to edge: permission denied.", "Mend the deploy target edge; acmsync tries again by itself.")}

	removed := row("shop", "spring.shop.example", record.Disabled)
	removed.Mode, removed.LeftAt, removed.Certificate = record.Removed, t0, certificate("spring.shop.example", "3a")
	return []record.Domain{issued, renewal, deployFailed, row("shop", "new.shop.example", record.InProgress), removed}
}

// others fail, wait, are held or are off.
func others() []record.Domain {
	failing := row("blog", "blog.example", record.Failing)
	failing.Attempt = record.Attempt{Count: 3, FirstFailed: t0, Last: t0, Next: t0.Add(10 * time.Minute)}
	failing.Notice = record.Notice{Began: t0, Told: t0.Add(72 * time.Hour), Reason: failure.IncorrectCNAME}
	failing.Checks = record.Checks{DNS: record.Fail, CAA: record.Pass, Challenge: record.Fail, Issued: record.Fail}
	wrong := finding(failure.IncorrectCNAME, "blog.example points at shop.oldplatform.example, which is no longer a valid target.", "Set CNAME blog.example to blog.example.dns.example.net.")
	wrong.Expected = []record.RR{{Type: "CNAME", Name: "blog.example", Value: "blog.example.dns.example.net"}}
	wrong.Observed = []record.RR{{Type: "CNAME", Name: "blog.example", Value: "shop.oldplatform.example"}}
	wrong.Fix = &record.Fix{
		Provider: "Cloudflare", Origin: "blog.example",
		Steps: []string{
			"At Cloudflare, open blog.example > DNS > Records.",
			"Edit the CNAME record of blog.example (shop.oldplatform.example\x1b[2J\u202e): Type CNAME, Name @, Target blog.example.dns.example.net.",
		},
		Zone: "; remove: blog.example. CNAME shop.oldplatform.example.\nblog.example. CNAME blog.example.dns.example.net.",
	}
	failing.Findings = []record.Finding{
		wrong,
		finding(failure.AAAAMismatch, "blog.example has a foreign IPv6 address.", "Remove AAAA blog.example 2001:db8::1."),
	}

	refused := row("blog", "evil.example", record.Failed)
	refused.Attempt = record.Attempt{Count: 5, FirstFailed: t0, Last: t0, Next: t0.Add(24 * time.Hour)}
	refused.Findings = []record.Finding{finding(failure.CARefused, "The CA refused: see <b>this</b> | or *that* \x1b[31m\u202etxt.", "Read the words of the CA under problem.")}
	refused.Problem = &record.Problem{
		Type: "urn:ietf:params:acme:error:malformed", Status: 400,
		Detail: "see https://ca.example/why?token=secret\n\x1b[31m and \u202eso on",
	}

	limited := row("api", "api.example", record.Waiting)
	limited.Attempt = record.Attempt{Next: t0.Add(3 * time.Hour), RateLimitedUntil: t0.Add(3 * time.Hour), FirstFailed: t0}
	limited.Findings = []record.Finding{finding(failure.RateLimited, "The CA accepts no more requests for api.example for now.", "Nothing to change: the certificate is requested again at 2026-11-23T13:00:00Z.")}

	off := row("quiet", "quiet.example", record.Disabled)
	off.Mode = record.Off

	held := row("gone", "held.example", record.Held)
	held.Mode, held.Held, held.HoldHash, held.HoldWhy = record.Removed, true, "ab12cd34ab12cd34", "no app is left in desired state at all"
	held.Certificate = certificate("held.example", "4b")
	held.Findings = []record.Finding{finding(failure.RemovalHeld, "held.example would lose its certificate.", "Approve it, or put it back.")}

	revoked := row("gone", "revoked.example", record.Disabled)
	revoked.Mode, revoked.LeftAt = record.Removed, t0.Add(-24*time.Hour)
	revoked.Superseded = []record.Superseded{{Certificate: *certificate("revoked.example", "5c"), RevokedAt: t0}}
	return []record.Domain{refused, failing, limited, off, held, revoked}
}

func row(app, name string, state record.State) record.Domain {
	return record.Domain{
		Want:  record.Want{Key: name, Names: []string{name}, App: app, Mode: record.Auto, Since: t0},
		State: state, Since: t0,
	}
}

func certificate(name, serial string) *record.Certificate {
	return &record.Certificate{
		Serial: serial, SHA256: serial + "00112233", Issuer: "Test CA", Names: []string{name},
		NotBefore: t0.Truncate(time.Hour), NotAfter: t0.Truncate(time.Hour).AddDate(0, 0, 90), Origin: record.OriginACME, Directory: "https://ca.example/directory",
	}
}

// finding has its sentences from here: how they are worded is tested where
// they are made.
func finding(code failure.Code, message, remedy string) record.Finding {
	return record.Finding{Code: code, Message: message, Remedy: remedy}
}
