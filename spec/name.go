package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	wildcard   = "*."
	maxName    = 253  // RFC 1035, section 2.3.4, without length and root bytes
	maxLabel   = 63   // RFC 1035, section 2.3.4
	maxLabels  = 10   // what Let's Encrypt takes; a wildcard's asterisk is not counted
	maxWritten = 1024 // bytes in any spelling; converting costs more than linear time
)

// CanonicalName gives the one spelling of a domain name that the program uses:
// lower case, A-labels (RFC 5891, mapped as UTS 46 does for look-ups), no
// trailing dot, "*." only in front. unicode is the spelling for people, "" when
// it is the same. The error says what to write instead.
func CanonicalName(written string) (name, unicode string, err error) {
	base := strings.TrimPrefix(written, wildcard)
	prefix := written[:len(written)-len(base)]
	ascii, err := canonicalHost(written, base)
	if err != nil {
		return "", "", err
	}
	name = prefix + ascii
	switch suffix, icann := publicsuffix.PublicSuffix(ascii); {
	case icann && suffix == ascii:
		// Only the registries' suffixes: a name on the list's private part,
		// such as a hosting company's, is its owner's own domain.
		return "", "", fmt.Errorf("%s is a public suffix, for which nobody gets a certificate: write the name below it that is yours", quote(written))
	case !strings.Contains(ascii, "."):
		return "", "", fmt.Errorf("%s needs at least two labels, as in www.shop.example", quote(written))
	case len(name) > maxName:
		return "", "", fmt.Errorf("%s is longer than the %d bytes a domain name may have", quote(written), maxName)
	}
	if shown, err := lookup().ToUnicode(ascii); err == nil && shown != ascii {
		unicode = prefix + shown
	}
	return name, unicode, nil
}

// canonicalTarget is the canonical form of a host name that is pointed at.
func canonicalTarget(written string) (string, error) {
	if strings.HasPrefix(written, "*") {
		return "", fmt.Errorf("%s is a wildcard: write the name of one host", quote(written))
	}
	return canonicalHost(written, written)
}

// RegisteredDomain is the public suffix of a name and one label more: what CAs
// count their limits by. A name that is itself a suffix is its own.
func RegisteredDomain(name string) string {
	name = strings.TrimPrefix(name, wildcard)
	registered, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return registered
}

// canonicalHost makes base canonical; messages show what was written.
func canonicalHost(written, base string) (string, error) {
	if fault := slip(written, base); fault != "" {
		return "", errors.New(fault)
	}
	ascii, err := lookup().ToASCII(base)
	if fault := hyphens(written, base); fault != "" {
		return "", errors.New(fault)
	}
	if err != nil {
		return "", fmt.Errorf("%s is not a valid domain name: %s", quote(written), unmapped(err))
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if endsInNumber(ascii) {
		return "", errors.New(addressFault(written))
	}
	if fault := labels(written, ascii); fault != "" {
		return "", errors.New(fault)
	}
	// A spelling that does not stay what it is could be compared as two names.
	if again, err := lookup().ToASCII(ascii); err != nil || again != ascii {
		return "", fmt.Errorf("%s is not a valid domain name: it has no stable spelling, so write it as xn--…", quote(written))
	}
	return ascii, nil
}

// unmapped is what IDNA finds wrong, the character itself where it is one that can
// be seen.
func unmapped(err error) string {
	why := strings.TrimPrefix(err.Error(), "idna: ")
	var c rune
	if n, _ := fmt.Sscanf(why, "disallowed rune U+%X", &c); n == 1 {
		return fmt.Sprintf("no name holds the character %+q", c)
	}
	return why
}

// lookup is the profile by which resolvers and browsers read names: mapped,
// non-transitional, letters, digits and hyphens only (RFC 5890, section 2.3.1).
func lookup() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule())
}

// slip recognises what people write or paste where a name belongs.
func slip(written, base string) string {
	shown := quote(written)
	switch {
	case written == "":
		return "name is empty: write a domain name such as www.shop.example"
	case len(written) > maxWritten:
		return fmt.Sprintf("%s is longer than the %d bytes a domain name may have", shown, maxName)
	case isAddress(base):
		return addressFault(written)
	case strings.ContainsAny(base, "/?#"):
		return fmt.Sprintf("%s is a URL or path: write only the name%s", shown, host(base))
	case strings.Contains(base, "@"):
		return fmt.Sprintf("%s is a mail address: write only the domain name", shown)
	case strings.Contains(base, ":"):
		return fmt.Sprintf("%s has a port: write only the name%s", shown, host("//"+base))
	case strings.Contains(base, "*"):
		return fmt.Sprintf("%s: an asterisk may only be the whole first label, as in *.shop.example", shown)
	case strings.ContainsFunc(base, unicode.IsSpace):
		return fmt.Sprintf("%s holds a space: write one name an entry", shown)
	case strings.ContainsFunc(base, invisible):
		return fmt.Sprintf("%s holds characters that cannot be seen: type the name anew", shown)
	case strings.Contains(base, "_"):
		return fmt.Sprintf("%s holds an underscore, which no host name has: take it away", shown)
	}
	return ""
}

// invisible characters are refused although IDNA drops most of them silently;
// the joiners are left to it, since some languages spell with them.
func invisible(c rune) bool {
	return !unicode.IsPrint(c) && c != '\u200c' && c != '\u200d'
}

// host offers the name within something pasted, if there is a good one.
func host(pasted string) string {
	if !strings.Contains(pasted, "//") {
		pasted = "//" + pasted
	}
	u, err := url.Parse(pasted)
	if err != nil {
		return ""
	}
	name, _, err := CanonicalName(u.Hostname())
	if err != nil {
		return ""
	}
	return ", " + name
}

func addressFault(written string) string {
	return fmt.Sprintf("%s reads as an IP address: write the domain name that points there", quote(written))
}

// isAddress recognises literal addresses with all that may hang on them.
func isAddress(s string) bool {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// endsInNumber is the rule by which URL parsers (WHATWG URL, "ends in a number
// checker") take a host for an IPv4 address: 127.1, 0x7f.1 and 2130706433 are
// all 127.0.0.1 to them, and no top-level domain is a number.
func endsInNumber(name string) bool {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	digits, hex := strings.CutPrefix(last, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// labels checks the number and lengths of the labels of an A-label name.
func labels(written, ascii string) string {
	shown := quote(written)
	parts := strings.Split(ascii, ".")
	if len(ascii) > maxName {
		return fmt.Sprintf("%s is longer than the %d bytes a domain name may have", shown, maxName)
	}
	if len(parts) > maxLabels {
		return fmt.Sprintf("%s has %d labels: a CA takes at most %d", shown, len(parts), maxLabels)
	}
	for _, label := range parts {
		switch {
		case label == "":
			return fmt.Sprintf("%s has an empty label: look for a dot too many", shown)
		case len(label) > maxLabel:
			return fmt.Sprintf("%s has a label longer than %d bytes: %s", shown, maxLabel, quote(label))
		}
	}
	return ""
}

// hyphens checks where a name has them. IDNA checks most of it, but says only
// that a label is invalid.
func hyphens(written, base string) string {
	for label := range strings.SplitSeq(strings.ToLower(base), ".") {
		switch {
		case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
			return fmt.Sprintf("%s has a label that begins or ends with a hyphen: take it away", quote(written))
		case len(label) > 3 && label[2:4] == "--" && !strings.HasPrefix(label, "xn--"):
			// RFC 5890, section 2.3.1: reserved LDH labels that are not A-labels.
			return fmt.Sprintf("%s has a label with hyphens in third and fourth place: %s", quote(written), quote(label))
		}
	}
	return ""
}
