package controller_test

import (
	"crypto/tls"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/record"
)

// inUse is the pair that lies in the deploy folder now.
func (w *world) inUse(name string) *tls.Certificate {
	w.t.Helper()
	dir := filepath.Join(w.LiveDir(), name)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	return &pair
}

// wantUnserved checks that the operator is told, with what was seen.
func (w *world) wantUnserved(name, observed string) {
	w.t.Helper()
	e := w.entry("shop", name)
	switch {
	case e.Status != "Cert Issued" || e.Ready || e.Attention != "operator" || e.Checks.Served != "fail" || e.Checks.Deployed != "pass":
		w.t.Errorf("%+v", e)
	case e.Reason != "not-served" || len(e.Expected) != 1 || len(e.Observed) != 1 || e.FirstFailed.IsZero():
		w.t.Errorf("%+v", e)
	case !strings.Contains(e.Expected[0].Value, "serial "+e.Certificate.Serial) || e.Observed[0].Name != "127.0.0.1":
		w.t.Errorf("expected %+v, observed %+v", e.Expected, e.Observed)
	case !strings.Contains(e.Observed[0].Value, observed):
		w.t.Errorf("observed %+v, want %s", e.Observed, observed)
	}
	if a, err := w.Attention(w.t.Context()); err != nil || a != (controller.Attention{Operator: 1}) {
		w.t.Errorf("attention %+v, %v", a, err)
	}
	if raw, err := w.Git.Read("acm-status", "summary.yaml"); err != nil || !strings.Contains(string(raw), "operator: 1") {
		w.t.Errorf("the summary does not count it: %v\n%s", err, raw)
	}
}

// TestAnEdgeThatServesSomethingElse is told of after the grace, costs no
// certificate, and is forgotten at the first look that finds it mended.
func TestAnEdgeThatServesSomethingElse(t *testing.T) {
	t.Parallel()
	const name = "www.shop.example"
	for what, c := range map[string]struct {
		behave   func(old *tls.Certificate) edge.Behaviour
		observed func(old record.Certificate) string
	}{
		"an old certificate": {
			func(old *tls.Certificate) edge.Behaviour { return edge.Behaviour{Certificate: old} },
			func(old record.Certificate) string { return "serial " + old.Serial + ", issuer " + old.Issuer },
		},
		"no handshake": {
			func(*tls.Certificate) edge.Behaviour { return edge.Behaviour{NoTLS: true} },
			func(record.Certificate) string { return "no certificate" },
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop(name)
			w.pass()
			old := *w.domain(name).Certificate
			w.Edge.Behave(name, c.behave(w.inUse(name)))
			w.push("apiVersion: acmsync/v1\napps:\n  - {name: shop, rekey: again, domains: [www.shop.example]}\n")
			w.Pass(t.Context())
			if e := w.entry("shop", name); e.Reason != "" || e.Attention != "" || e.Ready {
				t.Errorf("within the grace: %+v", e)
			}
			w.forward(3 * time.Minute)
			w.pass()
			w.wantUnserved(name, c.observed(old))

			w.CA.Forget()
			for range 3 {
				w.forward(w.domain(name).Due.Sub(w.clock.now()) + time.Second)
				if r := w.pass(); r.Committed != "" || r.Acted > 0 {
					t.Errorf("looking again committed %q and did %d actions", r.Committed, r.Acted)
				}
			}
			w.Edge.Behave(name, edge.Behaviour{})
			w.forward(w.domain(name).Due.Sub(w.clock.now()) + time.Second)
			w.pass()
			e := w.entry("shop", name)
			if e.Reason != "" || !e.Ready || e.Attention != "" || e.Checks.Served != "pass" || !e.FirstFailed.IsZero() {
				t.Errorf("mended: %+v", e)
			}
			if n := w.CA.Count(); n > 0 {
				t.Errorf("the CA was asked %d times for it", n)
			}
		})
	}
}

// TestAnEdgeThatIsNotOursIsNotJudged: a CDN shows its own certificate, and an
// edge that hangs shows nothing.
func TestAnEdgeThatIsNotOursIsNotJudged(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example", "slow.shop.example")
	w.pass()
	pair := w.inUse("slow.shop.example")
	w.Edge.Behave("www.shop.example", edge.Behaviour{Certificate: pair})
	w.DNS.Set("www.shop.example", "A 127.0.0.9")
	w.Edge.Behave("slow.shop.example", edge.Behaviour{Hang: true})
	w.forward(25 * time.Hour)
	w.pass()
	for name, light := range map[string]string{"www.shop.example": "skipped", "slow.shop.example": "unknown"} {
		if e := w.entry("shop", name); e.Reason != "" || e.Attention != "" || e.Checks.Served != light {
			t.Errorf("%s: served %s, %s for %s", name, e.Checks.Served, e.Reason, e.Attention)
		}
	}
}
