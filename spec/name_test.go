package spec_test

import (
	"strings"
	"testing"

	"github.com/acmsync/acmsync/spec"
)

func TestCanonicalName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ written, name, unicode string }{
		{"www.shop.example", "www.shop.example", ""},
		{"WWW.Shop.EXAMPLE.", "www.shop.example", ""},
		{"*.Shop.example", "*.shop.example", ""},
		{"bücher.example", "xn--bcher-kva.example", "bücher.example"},
		{"BÜCHER.example", "xn--bcher-kva.example", "bücher.example"},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", "bücher.example"},
		{"*.bücher.example", "*.xn--bcher-kva.example", "*.bücher.example"},
		{"faß.de", "xn--fa-hia.de", "faß.de"}, // RFC 5894, section 7.2: not fass.de
		{"ｗｗｗ．例え。jp", "www.xn--r8jz45g.jp", "www.例え.jp"},
		{"a.b.c.d.e.f.g.h.i.example", "a.b.c.d.e.f.g.h.i.example", ""},
		{strings.Repeat("a", 63) + ".example", strings.Repeat("a", 63) + ".example", ""},
		{"github.io", "github.io", ""}, // the list's private part is somebody's domain
		{"3com.com", "3com.com", ""},
		{"0x7f.com", "0x7f.com", ""},
		{"1.2.3.example", "1.2.3.example", ""},
		{"shop.internal", "shop.internal", ""},
	} {
		name, unicode, err := spec.CanonicalName(test.written)
		if err != nil || name != test.name || unicode != test.unicode {
			t.Errorf("%q: %q, %q, %v; want %q, %q", test.written, name, unicode, err, test.name, test.unicode)
		}
	}
}

// TestCanonicalNameLengths stands at the edges of RFC 1035, section 2.3.4.
func TestCanonicalNameLengths(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 61) + "."
	fits := strings.Repeat(label, 4) + "ab.au" // 253
	for written, ok := range map[string]bool{
		fits:                                 true,
		"a" + fits:                           false,
		"*." + fits[2:]:                      true,
		"*." + fits:                          false,
		strings.Repeat("a", 64) + ".example": false,
		strings.Repeat("a.", 9) + "example":  true,
		strings.Repeat("a.", 10) + "example": false,
	} {
		if _, _, err := spec.CanonicalName(written); (err == nil) != ok {
			t.Errorf("%q (%d bytes): %v", written, len(written), err)
		}
	}
}

func TestRegisteredDomain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"www.shop.example":        "shop.example",
		"shop.example":            "shop.example",
		"*.shop.example":          "shop.example",
		"a.b.shop.co.uk":          "shop.co.uk",
		"*.co.uk":                 "co.uk",
		"a.shop.github.io":        "shop.github.io",
		"github.io":               "github.io",
		"www.xn--bcher-kva.co.jp": "xn--bcher-kva.co.jp",
	} {
		if got := spec.RegisteredDomain(name); got != want {
			t.Errorf("RegisteredDomain(%q) = %q, want %q", name, got, want)
		}
	}
}
