package controller_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/budget"
	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/dns"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/status"
)

// way is one way of failing: what is wrong with the world of a name, and what
// its owner then reads.
type way struct {
	name string
	// wrong sets the world up; the name is NAME.test, where the label is made
	// of the way's name and each has a registered domain of its own.
	wrong []fault
	want  failure.Code
	// remedy is a part of it; {} is the name.
	remedy string
	// message is a part of it.
	message string
	// app is what the app's entry says besides its domains.
	app string
	// advises: nothing that we see is certain, so the CA is asked and refuses.
	advises bool
}

// fault is one thing that is wrong.
type fault func(w *world, name string)

// otherEdge is somebody else's server; nobody listens at nobodyHome.
const (
	otherEdge  = "127.0.0.2"
	otherEdge6 = "::1"
	nobodyHome = "127.0.0.3"
)

// records makes these the name's, in place of the CNAME that it should have.
func records(rrs ...string) fault {
	return func(w *world, name string) {
		w.DNS.Remove(name, 0)
		if len(rrs) > 0 {
			w.DNS.Set(name, strings.Split(strings.ReplaceAll(strings.Join(rrs, "\n"), "{}", name), "\n")...)
		}
	}
}

// at gives another name records; {} is the name.
func at(owner string, rrs ...string) fault {
	return func(w *world, name string) {
		w.DNS.Set(strings.ReplaceAll(owner, "{}", name), strings.Split(strings.ReplaceAll(strings.Join(rrs, "\n"), "{}", name), "\n")...)
	}
}

// caaSet is the CAA set of the name, which must then have its address itself.
func caaSet(rrs ...string) fault {
	return records(append([]string{"A 127.0.0.1"}, rrs...)...)
}

// dnsFails makes questions of a type fail; 0: of every type.
func dnsFails(qtype uint16, f dns.Fault) fault {
	return func(w *world, name string) { w.DNS.Fail(name, qtype, f) }
}

// answers is how the platform's edge treats the name.
func answers(b edge.Behaviour) fault {
	return func(w *world, name string) { w.Edge.Behave(name, b) }
}

// elsewhere points the name at somebody else's server, which treats it so.
func elsewhere(b edge.Behaviour) fault {
	return func(w *world, name string) {
		records("A "+otherEdge)(w, name)
		w.stranger().Behave(name, b)
	}
}

// hasIPv6: this machine can listen at otherEdge6.
func hasIPv6() bool {
	l, err := net.Listen("tcp6", net.JoinHostPort(otherEdge6, "0"))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// judged is how the CA's validation of the name ends.
func judged(kind, detail string, sub ...ca.Subproblem) fault {
	return func(w *world, name string) {
		for i := range sub {
			sub[i].Name = name
		}
		w.CA.Judge(name, ca.Verdict{Problem: &ca.Problem{
			Type: kind, Detail: strings.ReplaceAll(detail, "{}", name), Status: 400, Subproblems: sub,
		}})
	}
}

// refusing is what the CA answers to a kind of request about the name.
func refusing(kind ca.Kind, f ca.Fault) fault {
	return func(w *world, name string) {
		f.Body = strings.ReplaceAll(f.Body, "{}", name)
		w.CA.Fault(ca.Naming(name, func(r *ca.Request) bool { return r.Kind == kind }), f)
	}
}

// refused is a problem document in answer to newOrder.
func refused(kind, detail string, status int, header ...string) fault {
	f := ca.Refusal(ca.Problem{Type: kind, Detail: detail, Status: status})
	for i := 0; i+1 < len(header); i += 2 {
		f.Header.Set(header[i], header[i+1])
	}
	return refusing(ca.NewOrder, f)
}

// noLimits: no CA lets so much go wrong at once.
func noLimits() budget.Limits { return budget.Limits{} }

// stranger is the server at otherEdge, and at otherEdge6 where there is IPv6. It
// is started when first asked for.
func (w *world) stranger() *edge.Edge {
	w.t.Helper()
	if w.other == nil {
		addresses := []string{otherEdge}
		if hasIPv6() {
			addresses = append(addresses, otherEdge6)
		}
		e, err := edge.New(edge.Options{Addresses: addresses, HTTPPort: w.Edge.HTTPPort(), TLSPort: w.Edge.TLSPort()})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() {
			if err := e.Close(); err != nil {
				w.t.Error(err)
			}
		})
		w.other = e
	}
	return w.other
}

// domainOf is the way's own name, below a registered domain of its own.
func (y way) domainOf() string {
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(y.name))
	return "www." + strings.Trim(slug, "-") + ".test"
}

// TestEveryReason breaks each name of one platform in its own way, and lets one
// pass tell them apart. Between them stand healthy names, which must not
// notice.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	ways := slices.Concat(dnsWays(), caaWays(), httpWays(), validationWays(), orderWays(), desiredWays(), ownershipWays())
	w := begin(t, func(c *controller.Config) {
		c.Policy.Limits = noLimits()
		c.Policy.Platform.VerifyOwnership = true
		c.Policy.Platform.LegacyTargets = []string{"*.oldplatform.example"}
	})
	w.DNS.Set("*.test.dns.platform.example", "A 127.0.0.1")
	healthy := []string{"first.healthy.test", "last.healthy.test"}
	w.prove(healthy[0], "shop", "a-healthy", "z-healthy")
	w.shop(healthy[0]) // from now on the account's URL is known, which CAA records may name
	w.pass()
	w.Point(healthy...)
	entries := []string{app("a-healthy", healthy[0])}
	for i, y := range ways {
		name := y.domainOf()
		w.Point(name)
		w.prove(name, y.appOf(i))
		for _, wrong := range y.wrong {
			wrong(w, name)
		}
		entries = append(entries, "  - name: "+y.appOf(i)+"\n"+y.app+"    domains: [\""+name+"\"]\n")
	}
	w.push(apps(append(entries, app("z-healthy", healthy[1]))...))
	w.pass()
	w.wantIssued(healthy...)
	var all []told
	for i, y := range ways {
		e := w.entry(y.appOf(i), y.domainOf())
		t.Run(y.name, func(t *testing.T) { y.check(t, e) })
		all = append(all, told{y.name, e})
	}
	checkTold(t, all)
	if len(ways) < 70 {
		t.Errorf("%d ways of failing are few", len(ways))
	}
}

func (y way) appOf(i int) string { return fmt.Sprintf("app-%02d", i) }

func (y way) check(t *testing.T, e status.DomainStatus) {
	t.Helper()
	reason := failure.Of(y.want)
	if e.Reason != string(y.want) {
		t.Fatalf("reason %q (%s), want %q; also %+v; problem %+v", e.Reason, e.Message, y.want, e.Also, e.Problem)
	}
	if e.Title != reason.Title || e.Docs == "" || e.Message == "" || e.Remedy == "" {
		t.Errorf("it is not told whole: %+v", e.Trouble)
	}
	if want := strings.ReplaceAll(y.remedy, "{}", e.Name); !strings.Contains(e.Remedy, want) {
		t.Errorf("remedy %q, want it to say %q", e.Remedy, want)
	}
	if want := strings.ReplaceAll(y.message, "{}", e.Name); !strings.Contains(e.Message, want) {
		t.Errorf("message %q, want it to say %q", e.Message, want)
	}
	for _, text := range []string{e.Message, e.Remedy} {
		if strings.ContainsAny(text, "{}\x1b") || strings.Contains(text, "%!") || len(text) > 600 {
			t.Errorf("it is no sentence: %q", text)
		}
	}
	if e.Ready || e.Status == "Cert Issued" {
		t.Errorf("status %s, ready %v", e.Status, e.Ready)
	}
	y.checkWait(t, reason, e)
}

// checkWait: who waits for the CA is Waiting and nobody must act; everybody
// else is Failing, and somebody must.
func (y way) checkWait(t *testing.T, reason failure.Reason, e status.DomainStatus) {
	t.Helper()
	waits := reason.Actor == failure.CA || reason.Actor == failure.Nobody
	want, attention := "Failing", string(reason.Actor)
	if waits {
		want, attention = "Waiting", ""
	}
	if e.Status != want || e.Attention != attention && !(y.want == failure.WildcardNeedsDNS && e.Attention == "operator") {
		t.Errorf("status %s, attention %q; want %s, %q", e.Status, e.Attention, want, attention)
	}
	if reason.Retry != failure.OnChange && !e.NextAttempt.After(time.Now()) {
		t.Errorf("next attempt at %v", e.NextAttempt)
	}
}
