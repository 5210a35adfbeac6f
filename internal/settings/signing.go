package settings

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/acmsync/acmsync/internal/signature"
)

// SigningKey reads the key that commits are signed with. It refuses one that
// every user of the host can read; a group's reading is the operator's affair.
func SigningKey(path string) (*signature.Key, error) {
	raw, mode, err := bounded(path)
	if err != nil {
		return nil, err
	}
	if mode.Perm()&0o027 != 0 {
		return nil, fmt.Errorf("%s can be read or changed by others (mode %04o): chmod 600 %s", path, mode.Perm(), path)
	}
	key, err := signature.ParseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// AllowedSigners reads whose changes are taken. Times in the file that name no
// zone are in the machine's, as ssh-keygen takes them.
func AllowedSigners(path string) (*signature.Allowed, error) {
	raw, mode, err := bounded(path)
	if err != nil {
		return nil, err
	}
	if mode.Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s can be changed by others (mode %04o): chmod 644 %s", path, mode.Perm(), path)
	}
	allowed, err := signature.ParseAllowed(raw, time.Local)
	var line *signature.LineError
	if errors.As(err, &line) {
		return nil, fmt.Errorf("%s:%d: this line %s", path, line.Line, line.Message)
	}
	return allowed, err
}

// bounded reads a file, of which there is no more than a settings file may have.
func bounded(path string) ([]byte, os.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, unread(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, unread(path, err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	switch {
	case err != nil:
		return nil, 0, unread(path, err)
	case len(raw) > maxBytes:
		return nil, 0, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return raw, info.Mode(), nil
}
