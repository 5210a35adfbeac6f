package controller_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/diagnose"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/verify"
)

// prober is how our own probe introduces itself; the CA does otherwise.
const prober = "acmsync"

// forUs is a way that the edge has with our probe alone.
func forUs(b edge.Behaviour) fault {
	b.Agent = prober
	return answers(b)
}

// advisedWays are faults that a CA need not meet; want is what is told of them.
func advisedWays(thumbprint string) []way {
	cdn := edge.Behaviour{Thumbprint: thumbprint}
	return []way{
		{name: "broken off", wrong: []fault{forUs(edge.Behaviour{Reset: true})}, want: failure.ChallengeUnreach},
		{name: "silent", wrong: []fault{forUs(edge.Behaviour{Hang: true})}, want: failure.ChallengeUnreach},
		{name: "forbidden", wrong: []fault{forUs(edge.Behaviour{Status: 403})}, want: failure.CDNChallengeMissing},
		{name: "not acceptable", wrong: []fault{forUs(edge.Behaviour{Status: 406})}, want: failure.CDNChallengeMissing},
		{name: "too many requests", wrong: []fault{forUs(edge.Behaviour{Status: 429})}, want: failure.CDNChallengeMissing},
		{name: "captive", wrong: []fault{forUs(edge.Behaviour{Status: 511})}, want: failure.CDNChallengeMissing},
		{
			name: "not found behind a redirect", want: failure.CDNChallengeMissing,
			wrong: []fault{forUs(edge.Behaviour{Redirect: "http://notfound.test{path}"})},
		},
		{name: "to a name without address", wrong: []fault{forUs(edge.Behaviour{Redirect: "http://nowhere.test{path}"})}, want: failure.ChallengeUnreach},
		{name: "with a user name", wrong: []fault{forUs(edge.Behaviour{Redirect: "http://me:secret@{host}{path}"})}, want: failure.ChallengeUnreach},
		{name: "many redirects", wrong: []fault{forUs(edge.Behaviour{Redirect: "http://{host}/x{path}"})}, want: failure.ChallengeUnreach},
		{name: "rewritten", wrong: []fault{forUs(edge.Behaviour{Redirect: "http://notfound.test/acme?{path}"})}, want: failure.RedirectDropsPath},
		{name: "a cdn in front", wrong: []fault{elsewhere(cdn)}, want: failure.IncorrectDNS},
		{
			name: "one address of two", want: failure.CDNChallengeMissing,
			wrong: []fault{elsewhere(cdn), records("A 127.0.0.1", "A "+otherEdge), forUs(edge.Behaviour{Status: 404})},
		},
	}
}

// TestAdviceStopsNoOrder: what our probe meets and a CA need not meet is told,
// and the certificate is issued all the same.
func TestAdviceStopsNoOrder(t *testing.T) {
	t.Parallel()
	w := begin(t, func(c *controller.Config) { c.Policy.Limits = noLimits() })
	w.Edge.Behave("notfound.test", edge.Behaviour{Status: http.StatusNotFound, Body: parked})
	w.Point("notfound.test")
	ways := advisedWays(w.config.Policy.Platform.Thumbprint)
	var names []string
	for _, y := range ways {
		name := y.domainOf()
		names = append(names, name)
		w.Point(name)
		for _, wrong := range y.wrong {
			wrong(w, name)
		}
	}
	w.wantAdvice(ways)
	w.push(apps(app("shop", names...)))
	w.pass()
	for _, name := range names {
		if d := w.domain(name); d.State != record.CertIssued || len(w.CA.CertificatesFor(name)) != 1 {
			t.Errorf("%s is %s: %v", name, d.State, d.Findings)
		}
	}
}

// wantAdvice looks at the names as a pass does: only warnings are found, the
// expected one among them.
func (w *world) wantAdvice(ways []way) {
	w.t.Helper()
	v := verify.New(verify.Config{Resolvers: []string{w.DNS.Addr()}, ProbeAllow: loopback(), AuthorityPort: w.plan.DNSPort, Timeout: 5 * time.Second})
	p := w.config.Policy.Platform
	for _, y := range ways {
		name := y.domainOf()
		q := record.Question{
			Name: name, Target: p.TargetFor(name, "shop", ""), Addresses: p.Addresses, DNS: true, Probe: true,
			ProbeToken: "token", ProbeExpect: "token." + p.Thumbprint, ProbePort: p.ProbePort, ServedPort: p.ServedPort,
		}
		seen := v.Observe(w.t.Context(), q)
		found := diagnose.Explain(p, q, seen, nil)
		wanted := func(f record.Finding) bool { return f.Code == y.want }
		blocks := func(f record.Finding) bool { return !f.Warning }
		if !slices.ContainsFunc(found, wanted) || slices.ContainsFunc(found, blocks) {
			w.t.Errorf("%s: found %+v, want only the advice %s; probe %+v", y.name, found, y.want, seen.Probe)
		}
	}
}
