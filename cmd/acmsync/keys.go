package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/issue"
)

// identity reads what decrypts the keys that owners bring along; nil: there is
// none.
func (p *parts) identity() (*keypair.Identity, error) {
	path := p.settings.Store.IdentityFile
	if path == "" {
		return nil, nil //nolint:nilnil // a nil identity decrypts nothing
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("store.identityFile: %w", err)
	}
	id, err := keypair.ParseIdentity(content)
	if err != nil {
		return nil, fmt.Errorf("store.identityFile: %s: %w", path, err)
	}
	return id, nil
}

// accountKey reads the account key, and makes it where there is none and
// nothing says that there was one.
func (p *parts) accountKey(ctx context.Context, a access) (crypto.Signer, error) {
	path := p.settings.ACME.AccountKeyFile
	key, err := issue.LoadAccountKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !a.write {
			return nil, nil //nolint:nilnil // without a key, a plan leaves out the probe
		}
		if err := p.mayRegister(ctx, a); err != nil {
			return nil, err
		}
		key, err = issue.CreateAccountKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("acme.accountKeyFile: %w; restore it from its backup, since a new key is a new account", err)
	}
	p.thumbprint, err = issue.Thumbprint(key)
	return key, err
}

// mayRegister refuses a new account while certificates of another are in the
// store: only the old key can revoke them, and edges answer for its
// thumbprint.
func (p *parts) mayRegister(ctx context.Context, a access) error {
	if a.newAccount {
		return nil
	}
	domains, _, err := p.store.Domains(ctx)
	if err != nil {
		return err
	}
	for _, d := range domains {
		if d.Certificate != nil && !d.Certificate.Manual() {
			return fmt.Errorf("acme.accountKeyFile: %s does not exist, but the store holds certificates of an account; restore the key from its backup, or start a new account with --new-account", p.settings.ACME.AccountKeyFile)
		}
	}
	return nil
}
