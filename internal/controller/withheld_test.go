package controller_test

import (
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/lab/ca"
)

// TestWithheldDownload: a wall in front of the CA refuses to hand out what was
// issued already. Whatever the owner does meanwhile, it is fetched in the end,
// and no second certificate is ordered.
func TestWithheldDownload(t *testing.T) {
	t.Parallel()
	with := apps(app("shop", "www.shop.example", "new.shop.example"))
	without := apps(app("shop", "www.shop.example"))
	for name, pushes := range map[string][]string{
		"and nothing else":   nil,
		"removed":            {without},
		"removed, put back":  {without, with},
		"switched off":       {apps("  - {name: shop, acm: false, domains: [www.shop.example, new.shop.example]}\n")},
		"moved to the other": {apps(app("blog", "new.shop.example"), app("shop", "www.shop.example"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			w.shop("www.shop.example")
			w.pass()
			w.Point("new.shop.example")
			heal := w.CA.Fault(func(r *ca.Request) bool { return r.Kind == ca.Cert }, ca.Fault{Status: 403, Body: "<html>blocked</html>"})
			w.push(with)
			w.pass()
			issued := len(w.CA.Certificates())
			if d := w.domain("new.shop.example"); d.Order == nil || d.Certificate != nil {
				t.Fatalf("the order was not kept: %+v", d)
			}
			for _, content := range pushes {
				w.push(content)
				w.forward(2 * time.Minute)
				w.pass()
			}
			heal()
			w.forward(10 * time.Minute)
			w.pass()
			if d := w.domain("new.shop.example"); d.Certificate == nil || d.Order != nil {
				t.Errorf("not taken in: %+v", d)
			}
			if n := len(w.CA.Certificates()); n != issued {
				t.Errorf("%d certificates, want %d", n, issued)
			}
		})
	}
}
