package record

import "regexp"

// ChallengePath is where a CA fetches http-01 responses, the token after it
// (RFC 8555, section 8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// RFC 8555, section 8.3: a token is base64url. It sets no upper bound, but what
// is longer than this no CA sends.
var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// ValidToken reports whether s can be a challenge's token. Tokens become parts
// of URLs and of file names, so nothing else may be used as one.
func ValidToken(s string) bool { return token.MatchString(s) }
