package status

import (
	"slices"
	"strings"
	"unicode"
)

// toUnicode shows an internationalised name as people write it; empty when the
// name is plain ASCII or anything about it is odd.
func toUnicode(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= initialN }) {
		return ""
	}
	labels := strings.Split(name, ".")
	changed := false
	for i, label := range labels {
		encoded, ok := strings.CutPrefix(label, "xn--")
		if !ok {
			continue
		}
		decoded, ok := decodePunycode(encoded)
		if !ok || hyphened(decoded) {
			return ""
		}
		labels[i], changed = decoded, true
	}
	if !changed {
		return ""
	}
	return strings.Join(labels, ".")
}

// hyphened: no label of a name looks like that once it is decoded (RFC 5891,
// section 4.2.3.1), and one that begins with xn-- would read as encoded again.
func hyphened(label string) bool {
	runes := []rune(label)
	return len(runes) > 3 && runes[2] == '-' && runes[3] == '-'
}

// The parameters of RFC 3492, section 5.
const (
	base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	initialBias, initialN        = 72, 128
)

// decodePunycode follows RFC 3492, section 6.2.
func decodePunycode(encoded string) (string, bool) {
	var out []rune
	rest := encoded
	if i := strings.LastIndexByte(encoded, '-'); i > 0 {
		out, rest = []rune(encoded[:i]), encoded[i+1:]
	}
	if rest == "" {
		return "", false // nothing was encoded
	}
	n, i, bias := initialN, 0, initialBias
	for rest != "" {
		before, weight := i, 1
		for k := base; ; k += base {
			if rest == "" {
				return "", false
			}
			digit := digitOf(rest[0])
			rest = rest[1:]
			i += digit * weight
			if digit < 0 || i > 1<<24 {
				return "", false
			}
			t := min(max(k-bias, tMin), tMax)
			if digit < t {
				break
			}
			weight *= base - t
		}
		size := len(out) + 1
		bias = adapt(i-before, size, before == 0)
		n, i = n+i/size, i%size
		if n > unicode.MaxRune || !unicode.IsPrint(rune(n)) {
			return "", false
		}
		out = slices.Insert(out, i, rune(n))
		i++
	}
	return string(out), true
}

func digitOf(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c >= '0' && c <= '9':
		return int(c-'0') + 26
	}
	return -1
}

// adapt is RFC 3492, section 6.1.
func adapt(delta, size int, first bool) int {
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / size
	k := 0
	for ; delta > (base-tMin)*tMax/2; k += base {
		delta /= base - tMin
	}
	return k + (base-tMin+1)*delta/(delta+skew)
}
