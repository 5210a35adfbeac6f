package diagnose

import "github.com/acmsync/acmsync/internal/record"

// Lengths in characters: a DNS name in text, a word from a header, a phrase of
// ours that quotes somebody, and the CA's own words.
const (
	maxName   = 253
	maxWord   = 64
	maxPhrase = 160
	maxDetail = 300
)

// Clean is [record.Clean], for those who have the rest of their words from here.
func Clean(s string, max int) string { return record.Clean(s, max) }
