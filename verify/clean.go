package verify

import (
	"strings"
	"unicode"
)

const (
	// maxDetail and maxURL cut what strangers say, in runes.
	maxDetail = 300
	maxURL    = 500
	// maxHeader cuts a header that names the layer that answered.
	maxHeader = 64
)

// clean makes a stranger's text safe for a terminal or a status file: only
// printable characters, no format characters (which reorder text), at most
// limit runes.
func clean(text string, limit int) string {
	var kept strings.Builder
	n := 0
	for _, r := range text {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		if n++; n > limit {
			break
		}
		kept.WriteRune(r)
	}
	return strings.TrimSpace(kept.String())
}
