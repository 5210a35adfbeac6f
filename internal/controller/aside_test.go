package controller_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/reconcile"
)

// damage does to the store what the program never would.
func (w *world) damage(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(w.plan.StoreURL, "sqlite://"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), query); err != nil {
		w.t.Fatal(err)
	}
}

// TestADamagedRowIsSetAside: its own domain alone says so, to the operator,
// whenever it is noticed; it is served on, nothing is ordered for it, and the
// others go on.
func TestADamagedRowIsSetAside(t *testing.T) {
	t.Parallel()
	for noticed, wake := range map[string]func(w *world){
		"at a push": func(w *world) {
			w.Point("new.blog.example")
			w.push(apps(app("shop", "www.shop.example", "api.shop.example"), app("blog", "new.blog.example")))
		},
		"when it is due": func(w *world) {
			w.damage(`UPDATE domains SET due_at = 1 WHERE key = 'www.shop.example'`)
		},
	} {
		for what, query := range map[string]string{
			"a list":        `UPDATE domains SET findings = '[{' WHERE key = 'www.shop.example'`,
			"a time":        `UPDATE domains SET checked_at = 'yesterday' WHERE key = 'www.shop.example'`,
			"a certificate": `UPDATE certificates SET names = x'00' WHERE domain_key = 'www.shop.example'`,
		} {
			t.Run(what+" "+noticed, func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				w.shop("www.shop.example", "api.shop.example")
				w.pass()
				serial := w.domain("www.shop.example").Certificate.Serial
				w.damage(query)
				wake(w)
				w.pass()
				w.wantAside("shop", "www.shop.example")
				w.wantServed("www.shop.example", serial)
				if e := w.entry("shop", "api.shop.example"); e.Status != "Cert Issued" || !e.Ready {
					t.Errorf("another domain of the app: %+v", e)
				}
				w.forward(2 * time.Hour)
				if r := w.pass(); r.Committed != "" {
					t.Error("the status is written again although nothing changed")
				}
				if n := len(w.CA.CertificatesFor("www.shop.example")); n != 1 {
					t.Errorf("the CA issued %d certificates, want 1", n)
				}
			})
		}
	}
}

// TestWhatIsWantedIsReadAgain: damage to what desired state says anyway is
// mended by the next push.
func TestWhatIsWantedIsReadAgain(t *testing.T) {
	t.Parallel()
	w := begin(t)
	w.shop("www.shop.example")
	w.pass()
	w.damage(`UPDATE domains SET names = x'00', due_at = 1 WHERE key = 'www.shop.example'`)
	w.pass()
	w.wantAside("shop", "www.shop.example")
	w.shop("www.shop.example", "api.shop.example")
	w.pass()
	w.wantIssued("www.shop.example", "api.shop.example")
	if e := w.entry("shop", "www.shop.example"); e.Status != "Cert Issued" {
		t.Errorf("the status says: %+v", e)
	}
}

func (w *world) wantAside(app, name string) {
	w.t.Helper()
	e := w.entry(app, name)
	if e.Status != "Failing" || e.Reason != "internal" || e.Attention != "operator" || !strings.Contains(e.Remedy, "acmsync doctor") {
		w.t.Errorf("the status says: %+v", e)
	}
	if a, err := w.Attention(w.t.Context()); err != nil || a != (controller.Attention{Operator: 1}) {
		w.t.Errorf("attention: %+v, %v", a, err)
	}
	plan, err := w.Plan(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(plan.Actions) > 0 {
		w.t.Errorf("the plan: %+v", plan.Actions)
	}
	for _, o := range plan.Outcomes {
		if o.Domain == name && (o.Kind != reconcile.Fail || o.App != app) {
			w.t.Errorf("the plan says of it: %+v", o)
		}
	}
}
