package operate_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/lab/edge"
	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/verify"
)

// What desired state says of a name is what it is held against.
func TestVerifyOfADesiredName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		subject operate.Subject
		pattern string
		blocked bool
	}{
		"an app's target":               {operate.Subject{App: "shop"}, "{app}.dns.platform.example", false},
		"another app's":                 {operate.Subject{App: "blog"}, "{app}.dns.platform.example", true},
		"whose app is not known":        {operate.Subject{}, "{app}.dns.platform.example", false},
		"its own target":                {operate.Subject{App: "shop", Target: "elsewhere.example"}, "{domain}.dns.platform.example", true},
		"proved in DNS before it moves": {operate.Subject{Challenge: "dns-01"}, "{domain}.dns.platform.example", false},
		"proved over HTTP":              {operate.Subject{}, "{domain}.dns.platform.example", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dns.Set(domain, "CNAME shop.dns.platform.example.")
			w.dns.Set("shop.dns.platform.example", "A 127.0.0.1")
			w.dns.Set("blog.dns.platform.example", "A 127.0.0.3")
			w.platform.Target, w.platform.Addresses = c.pattern, nil
			w.edge.Behave(domain, edge.Behaviour{Status: 404})
			if !c.blocked && c.subject.Challenge == "" {
				w.edge.Behave(domain, edge.Behaviour{})
			}
			c.subject.Name = domain
			v := verify.New(verify.Config{Resolvers: []string{w.dns.Addr()}, ProbeAllow: loopback})
			got, err := operate.Verify(t.Context(), v, w.platform, c.subject)
			if err != nil || got.Blocked() != c.blocked {
				t.Errorf("found %v, blocked %v, %v; want %v", codes(got), got.Blocked(), err, c.blocked)
			}
		})
	}
}
