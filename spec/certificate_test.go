package spec_test

import (
	"testing"

	"github.com/acmsync/acmsync/spec"
)

// TestWhoManages: a certificate that is brought along turns ACM off where it
// stands, unless somebody says otherwise there or nearer to the domain.
func TestWhoManages(t *testing.T) {
	t.Parallel()
	on, off := true, false
	own, shared := &spec.Certificate{Chain: "own.pem", Key: "own.age"}, &spec.Certificate{Chain: "all.pem", Key: "all.age"}
	for name, c := range map[string]struct {
		app     spec.App
		domain  spec.Domain
		managed bool
		brought *spec.Certificate
	}{
		"nothing":                         {spec.App{Runtime: spec.Common}, spec.Domain{}, true, nil},
		"the app's":                       {spec.App{Runtime: spec.Common, Certificate: shared}, spec.Domain{}, false, shared},
		"the app's, migrating":            {spec.App{ACM: &on, Certificate: shared}, spec.Domain{}, true, shared},
		"the app's, ACM off":              {spec.App{ACM: &off, Certificate: shared}, spec.Domain{}, false, shared},
		"the app's, one domain migrating": {spec.App{Certificate: shared}, spec.Domain{ACM: &on}, true, shared},
		"the domain's":                    {spec.App{Runtime: spec.Common}, spec.Domain{Certificate: own}, false, own},
		"the domain's in an app with ACM": {spec.App{ACM: &on}, spec.Domain{Certificate: own}, false, own},
		"the domain's, migrating":         {spec.App{ACM: &off}, spec.Domain{ACM: &on, Certificate: own}, true, own},
		"the domain's before the app's":   {spec.App{Certificate: shared}, spec.Domain{Certificate: own}, false, own},
		"private":                         {spec.App{Runtime: spec.Private, Certificate: shared}, spec.Domain{}, false, shared},
	} {
		if got := c.app.Managed(c.domain); got != c.managed {
			t.Errorf("%s: managed %v, want %v", name, got, c.managed)
		}
		if got := c.app.Brought(c.domain); got != c.brought {
			t.Errorf("%s: brought %v, want %v", name, got, c.brought)
		}
	}
}
