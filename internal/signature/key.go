package signature

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// namespace keeps a signature of a commit from being one of anything else.
const namespace = "git"

// leastRSA is how many bits an RSA key has at least.
const leastRSA = 2048

// Key is a private key that signs commits. It does not show itself.
type Key struct{ signer ssh.Signer }

// ParseKey reads a private key in a form that OpenSSH writes, without a
// passphrase. Its errors quote nothing of the key.
func ParseKey(raw []byte) (*Key, error) {
	signer, err := ssh.ParsePrivateKey(raw)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("is protected by a passphrase, and nobody is there to type it; make a key without one: ssh-keygen -t ed25519 -N '' -f FILE")
	case err != nil:
		return nil, errors.New("holds no SSH private key; make one: ssh-keygen -t ed25519 -N '' -f FILE")
	}
	if err := usable(signer.PublicKey()); err != nil {
		return nil, err
	}
	return &Key{signer}, nil
}

// usable refuses kinds of keys that are too weak, or that stand for others.
func usable(key ssh.PublicKey) error {
	if _, ok := key.(*ssh.Certificate); ok {
		return errors.New("is a certificate: name the key itself")
	}
	if key.Type() == "ssh-dss" {
		return errors.New("is a DSA key, which is too weak: use ed25519")
	}
	crypto, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return nil
	}
	if k, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() < leastRSA {
		return fmt.Errorf("is an RSA key of %d bits, which is too weak: use ed25519, or %d bits and more", k.N.BitLen(), leastRSA)
	}
	return nil
}

// Fingerprint is SHA256:… of the public half.
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.signer.PublicKey()) }

// Sign returns the armoured signature of a commit's bytes.
func (k *Key) Sign(random io.Reader, payload []byte) (string, error) {
	made, err := sshsig.SignWithRand(bytes.NewReader(payload), random, k.signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return "", err
	}
	return string(sshsig.Armor(made)), nil
}

// String tells the public half only.
func (k *Key) String() string { return "SSH key " + k.Fingerprint() }

// GoString is String.
func (k *Key) GoString() string { return k.String() }

// LogValue is String.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
