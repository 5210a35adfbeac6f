package gitrepo

import (
	"bytes"
	"crypto/sha1" // what git itself ends packs with; it guards against damage only
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	// markerFile says that a folder is ours to empty, and of which repository.
	markerFile = "acmsync-cache"
	tipsFile   = "tips"
	packSuffix = ".pack"
)

// folder is where packs wait for the next start. Every file is written aside
// and renamed; nothing is synced, because a checksum tells a torn file and a
// fetch mends it. Two processes may use one folder: packs are named after their
// content, and each holds in memory what it needs.
type folder struct{ dir, url string }

func openFolder(dir, url string) (*folder, error) {
	f := &folder{dir: dir, url: url}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for fetched packs: %w", err)
	}
	marker, err := os.ReadFile(filepath.Join(dir, markerFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return f, f.claim()
	case err != nil:
		return nil, fmt.Errorf("reading the folder for fetched packs: %w", err)
	case strings.TrimSpace(string(marker)) != url:
		return f, f.wipe()
	}
	return f, nil
}

// claim makes a folder ours, if nobody else's files are in it.
func (f *folder) claim() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("reading the folder for fetched packs: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty and not a folder of fetched packs: give it a folder of its own", f.dir)
	}
	return f.write(markerFile, []byte(f.url+"\n"))
}

func (f *folder) wipe() error {
	paths, err := filepath.Glob(filepath.Join(f.dir, "*"+packSuffix))
	if err != nil {
		return err
	}
	for _, path := range append(paths, filepath.Join(f.dir, tipsFile)) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("emptying the folder for fetched packs: %w", err)
		}
	}
	return f.write(markerFile, []byte(f.url+"\n"))
}

// load reads what is there. Any damage is an error.
func (f *folder) load(limit int64) (packs [][]byte, tips []plumbing.Hash, err error) {
	paths, err := filepath.Glob(filepath.Join(f.dir, "*"+packSuffix))
	if err != nil {
		return nil, nil, err
	}
	var sum int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, err
		}
		if sum += info.Size(); sum > limit {
			return nil, nil, errTooLarge
		}
		pack, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		if !sound(pack) {
			return nil, nil, errBroken
		}
		packs = append(packs, pack)
	}
	text, err := os.ReadFile(filepath.Join(f.dir, tipsFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	for line := range strings.Lines(string(text)) {
		if hash := strings.TrimSpace(line); plumbing.IsHash(hash) {
			tips = append(tips, plumbing.NewHash(hash))
		}
	}
	return packs, tips, nil
}

// sound checks the checksum a pack ends with.
func sound(pack []byte) bool {
	if len(pack) < sha1.Size {
		return false
	}
	end := len(pack) - sha1.Size
	sum := sha1.Sum(pack[:end])
	return bytes.Equal(sum[:], pack[end:])
}

func (f *folder) keep(pack []byte) error {
	if !sound(pack) {
		return errBroken
	}
	return f.write("pack-"+hex.EncodeToString(pack[len(pack)-sha1.Size:])+packSuffix, pack)
}

func (f *folder) note(tips map[plumbing.Hash]bool) error {
	var b strings.Builder
	for tip := range tips {
		b.WriteString(tip.String() + "\n")
	}
	return f.write(tipsFile, []byte(b.String()))
}

func (f *folder) write(name string, content []byte) error {
	file, err := os.CreateTemp(f.dir, ".new-")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.dir, name))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
