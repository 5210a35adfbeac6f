package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
)

// mend puts right whatever a way of failing did to a name.
func (w *world) mend(name string) {
	_, parent, _ := strings.Cut(name, ".")
	w.DNS.Mend(name, 0)
	w.DNS.Mend(name, typeCAA)
	w.DNS.Remove(name, 0)
	w.DNS.Remove(parent, typeCAA)
	w.DNS.Remove(name+".dns.platform.example", 0)
	w.Point(name)
	w.Edge.Behave(name, edge.Behaviour{})
}

// TestMendedWithinTwoMinutes: whatever of DNS, CAA or the edge was wrong, its
// mending is noticed within two minutes while the failure is young, and the
// looks until then do not ask the CA. Nobody pushes anything.
func TestMendedWithinTwoMinutes(t *testing.T) {
	t.Parallel()
	ways := slices.DeleteFunc(slices.Concat(dnsWays(), caaWays(), httpWays(), ownershipWays()), func(y way) bool { return y.advises })
	w := begin(t, func(c *controller.Config) {
		c.Policy.Limits, c.Policy.Platform.VerifyOwnership = noLimits(), true
	})
	w.DNS.Set("*.test.dns.platform.example", "A 127.0.0.1")
	w.Point("first.healthy.test")
	w.prove("first.healthy.test", "shop")
	w.shop("first.healthy.test")
	w.pass()
	names := []string{"first.healthy.test"}
	for _, y := range ways {
		name := y.domainOf()
		names = append(names, name)
		w.Point(name)
		w.prove(name, "shop")
		for _, wrong := range y.wrong {
			wrong(w, name)
		}
	}
	w.push(apps(app("shop", names...)))
	w.pass()
	for _, later := range []time.Duration{time.Minute, time.Minute, 6 * time.Minute, 17 * time.Minute} {
		w.CA.Forget()
		w.forward(later)
		w.pass()
		if orders := w.CA.Count(ca.NewOrder); orders > 0 {
			t.Fatalf("%d orders although nothing was mended", orders)
		}
	}
	for _, name := range names[1:] {
		w.mend(name)
		w.prove(name, "shop")
	}
	w.forward(2 * time.Minute)
	w.pass()
	w.wantIssued(names...)
	for _, name := range names[1:] {
		if d := w.domain(name); d.State != record.CertIssued || d.Attempt.Count != 0 {
			t.Errorf("%s is %s after %d attempts: %v", name, d.State, d.Attempt.Count, d.Findings)
		}
	}
}
