package challenge

import (
	"context"
	"fmt"
	"regexp"
)

// Prefix is where responses are looked for (RFC 8555, section 8.3).
const Prefix = "/.well-known/acme-challenge/"

// RFC 8555, section 8.3: a token is base64url. What is longer than this no CA
// sends.
var token = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func checkToken(t string) error {
	if !token.MatchString(t) {
		return fmt.Errorf("%.140q is not a challenge token (RFC 8555, section 8.3)", t)
	}
	return nil
}

// Stateless is for platforms whose edges answer every token with
// TOKEN.THUMBPRINT, so that there is nothing to put anywhere.
type Stateless struct{}

// Hold needs nothing.
func (Stateless) Hold(context.Context) (release func(), err error) { return func() {}, nil }

// Present only checks the token.
func (Stateless) Present(_ context.Context, _, token, _ string) error { return checkToken(token) }

// CleanUp does nothing.
func (Stateless) CleanUp(context.Context, string, string) error { return nil }
