package record_test

import (
	"testing"

	"github.com/acmsync/acmsync/internal/record"
)

func TestTargetFor(t *testing.T) {
	t.Parallel()
	p := record.Platform{Target: "{domain}.dns.Example.net."}
	cases := []struct{ domain, app, own, want string }{
		{"www.shop.example", "shop", "", "www.shop.example.dns.example.net"},
		{"*.shop.example", "shop", "", "shop.example.dns.example.net"},
		{"www.shop.example", "shop", "edge.example.net", "edge.example.net"},
		{"www.shop.example", "shop", "{app}.example.net", "shop.example.net"},
	}
	for _, c := range cases {
		if got := p.TargetFor(c.domain, c.app, c.own); got != c.want {
			t.Errorf("TargetFor(%q, %q, %q) = %q, want %q", c.domain, c.app, c.own, got, c.want)
		}
	}
	if got := (record.Platform{}).TargetFor("a.example", "a", ""); got != "" {
		t.Errorf("without any target: %q, want none", got)
	}
}
