package gitrepo

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// maxMessage bounds what is repeated of a server's words, in runes.
const maxMessage = 300

// escapes are sequences that colour a terminal or move in it (ECMA-48, section
// 5.4): without their first character the rest would be left as litter.
var escapes = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]`)

// clean makes one printable line of what a server said. Control and format
// characters could rewrite a terminal or turn text around.
func clean(text string) string {
	text = escapes.ReplaceAllString(text, "")
	words := strings.FieldsFunc(strings.ToValidUTF8(text, " "), func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c) || unicode.Is(unicode.Cf, c)
	})
	runes := []rune(strings.Join(words, " "))
	if len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return string(runes)
}

// head keeps the beginning of what is written to it, for error messages; the
// rest is dropped so that nobody fills the memory with chatter.
type head struct {
	mu sync.Mutex
	b  strings.Builder
}

const maxHead = 4096

// Write never fails.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if room := maxHead - h.b.Len(); room > 0 {
		h.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return clean(h.b.String())
}
