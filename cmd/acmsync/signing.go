package main

import (
	"crypto/rand"
	"fmt"

	"github.com/acmsync/acmsync/internal/settings"
	"github.com/acmsync/acmsync/internal/signature"
)

// signer signs commits with the operator's key, whose fingerprint own is; nil:
// there is none.
func (p *parts) signer() (sign func([]byte) (string, error), own string, err error) {
	path := p.settings.Repository.SigningKeyFile
	if path == "" {
		return nil, "", nil
	}
	key, err := settings.SigningKey(path)
	if err != nil {
		return nil, "", fmt.Errorf("repository.signingKeyFile: %w", err)
	}
	return func(payload []byte) (string, error) { return key.Sign(rand.Reader, payload) }, key.Fingerprint(), nil
}

// signers reads the operator's file anew each time, so that a key that was taken
// out counts no longer; nil: there is no such file.
func (p *parts) signers() func() (*signature.Allowed, error) {
	path := p.settings.Repository.AllowedSignersFile
	if path == "" {
		return nil
	}
	return func() (*signature.Allowed, error) { return settings.AllowedSigners(path) }
}
