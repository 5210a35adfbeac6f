package challenge

import (
	"context"
	"fmt"

	"github.com/acmsync/acmsync/internal/record"
)

func checkToken(t string) error {
	if !record.ValidToken(t) {
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
