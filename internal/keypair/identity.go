package keypair

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/acmsync/acmsync/internal/record"
)

// Identity opens what was encrypted to the operator with age
// (https://age-encryption.org/v1). A nil Identity opens nothing. It prints as
// its recipients.
type Identity struct {
	keys       []age.Identity
	recipients []string
}

// ErrNotForUs: what was encrypted was encrypted to others.
var ErrNotForUs = errors.New("it is not encrypted to this identity")

// ParseIdentity reads an age identity file: one AGE-SECRET-KEY-… a line, and
// comments. Errors do not quote it.
func ParseIdentity(file []byte) (*Identity, error) {
	keys, err := age.ParseIdentities(bytes.NewReader(file))
	if err != nil {
		if bytes.HasPrefix(bytes.TrimSpace(file), []byte("age1")) {
			return nil, errors.New("it holds a recipient (age1…), which encrypts; name the file that age-keygen wrote, which decrypts")
		}
		return nil, errors.New("it is no age identity file; make one with: age-keygen -o FILE")
	}
	id := &Identity{keys: keys}
	for _, key := range keys {
		switch key := key.(type) {
		case *age.X25519Identity:
			id.recipients = append(id.recipients, key.Recipient().String())
		case *age.HybridIdentity:
			id.recipients = append(id.recipients, key.Recipient().String())
		}
	}
	return id, nil
}

// Recipients are what to encrypt to, as age -r takes it. They are public.
func (id *Identity) Recipients() []string {
	if id == nil {
		return nil
	}
	return slices.Clone(id.recipients)
}

// String names the recipients, never the identity.
func (id *Identity) String() string { return fmt.Sprint(id.Recipients()) }

// GoString is String.
func (id *Identity) GoString() string { return id.String() }

// The beginnings of an age file, binary and armoured.
var ageHeaders = [][]byte{[]byte("age-encryption.org/"), []byte(armor.Header)}

// Encrypted reports whether a file is encrypted with age.
func Encrypted(file []byte) bool {
	file = bytes.TrimLeft(file, " \t\r\n")
	return slices.ContainsFunc(ageHeaders, func(h []byte) bool { return bytes.HasPrefix(file, h) })
}

// Decrypt opens a file encrypted with age, armoured or not. [ErrNotForUs] when
// it takes another identity; other errors mean a damaged file and quote
// nothing of it.
func (id *Identity) Decrypt(file []byte) (record.PrivateKey, error) {
	if id == nil || len(id.keys) == 0 {
		return nil, ErrNotForUs
	}
	var src io.Reader = bytes.NewReader(file)
	if trimmed := bytes.TrimLeft(file, " \t\r\n"); bytes.HasPrefix(trimmed, []byte(armor.Header)) {
		src = armor.NewReader(bytes.NewReader(trimmed))
	}
	plain, err := age.Decrypt(src, id.keys...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, ErrNotForUs
	case err != nil:
		return nil, errDamaged
	}
	key, err := io.ReadAll(io.LimitReader(plain, maxPEM+1))
	if err != nil {
		return nil, errDamaged
	}
	return key, nil
}

var errDamaged = errors.New("it is damaged: it was encrypted with age and cannot be read to its end")
