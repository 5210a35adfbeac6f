package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// builder makes the objects of one commit: only those that are not in the
// repository yet.
type builder struct {
	base storer.EncodedObjectStorer
	made *memory.Storage
}

func newBuilder(base storer.EncodedObjectStorer) *builder {
	return &builder{base: base, made: memory.NewStorage()}
}

// apply makes a tree of an existing one (zero: none) and a change. A tree that
// ends up empty is zero; one that does not change is returned as it was. at is
// the path from Commit.Root, with a slash at its end; above Root it is "".
func (b *builder) apply(base plumbing.Hash, e *edit, at string) (plumbing.Hash, error) {
	entries, err := b.entries(base)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	t := &treeEdit{builder: b, edit: e, at: at, done: map[string]bool{}}
	for _, entry := range entries {
		if err := t.old(entry); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	if err := t.add(); err != nil {
		return plumbing.ZeroHash, err
	}
	switch {
	case !t.changed:
		return base, nil
	case len(t.out) == 0:
		return plumbing.ZeroHash, nil
	}
	return b.tree(t.out)
}

func (b *builder) entries(hash plumbing.Hash) ([]object.TreeEntry, error) {
	if hash.IsZero() {
		return nil, nil
	}
	tree, err := object.GetTree(b.base, hash)
	if err != nil {
		if b.base.HasEncodedObject(hash) != nil {
			return nil, errors.Join(errBroken, err)
		}
		return nil, &localError{fmt.Errorf("a folder of the branch cannot be read: %w", err)}
	}
	return tree.Entries, nil
}

// treeEdit is one folder on its way from old to new.
type treeEdit struct {
	builder *builder
	edit    *edit
	at      string
	out     []object.TreeEntry
	done    map[string]bool
	changed bool
}

// old decides what becomes of an entry that is there.
func (t *treeEdit) old(entry object.TreeEntry) error {
	if file, ok := t.edit.files[entry.Name]; ok {
		return t.oldFile(entry, file)
	}
	folder, ok := t.edit.folders[entry.Name]
	switch {
	case entry.Mode == filemode.Dir && (ok || t.edit.prune != nil):
		if !ok {
			folder = &edit{prune: t.edit.prune}
		}
		return t.oldFolder(entry, folder)
	case ok:
		// Something else stands where a folder is to be: it gives way.
		t.changed = true
		return nil
	case t.edit.prune != nil && safeName(entry.Name) && t.edit.prune(t.at+entry.Name):
		t.changed = true
		return nil
	}
	t.out = append(t.out, entry)
	return nil
}

func (t *treeEdit) oldFile(entry object.TreeEntry, file content) error {
	if t.done[entry.Name] {
		// A second entry of this name, which only a forged tree has.
		t.changed = true
		return nil
	}
	t.done[entry.Name] = true
	if file.is(entry.Mode, entry.Hash) {
		t.out = append(t.out, entry)
		return nil
	}
	t.changed = true
	return t.write(entry.Name, file)
}

func (t *treeEdit) oldFolder(entry object.TreeEntry, folder *edit) error {
	t.done[entry.Name] = true
	hash, err := t.builder.apply(entry.Hash, folder, t.below(entry.Name, folder))
	if err != nil {
		return err
	}
	if hash != entry.Hash {
		t.changed = true
	}
	if !hash.IsZero() {
		t.out = append(t.out, object.TreeEntry{Name: entry.Name, Mode: filemode.Dir, Hash: hash})
	}
	return nil
}

// below is the path of a folder from Root on. Above Root nothing is pruned, so
// the path does not matter there.
func (t *treeEdit) below(name string, folder *edit) string {
	if t.edit.prune == nil && folder.prune != nil {
		return ""
	}
	return t.at + name + "/"
}

// add appends what was not there before.
func (t *treeEdit) add() error {
	for name, file := range t.edit.files {
		if !t.done[name] {
			t.changed = true
			if err := t.write(name, file); err != nil {
				return err
			}
		}
	}
	for name, folder := range t.edit.folders {
		if t.done[name] {
			continue
		}
		hash, err := t.builder.apply(plumbing.ZeroHash, folder, t.below(name, folder))
		if err != nil {
			return err
		}
		if !hash.IsZero() {
			t.changed = true
			t.out = append(t.out, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: hash})
		}
	}
	return nil
}

func (t *treeEdit) write(name string, file content) error {
	t.out = append(t.out, object.TreeEntry{Name: name, Mode: filemode.Regular, Hash: file.hash})
	blob := &plumbing.MemoryObject{}
	blob.SetType(plumbing.BlobObject)
	if _, err := blob.Write(file.bytes); err != nil {
		return err
	}
	_, err := t.builder.made.SetEncodedObject(blob)
	return err
}

func (b *builder) tree(entries []object.TreeEntry) (plumbing.Hash, error) {
	sort.Sort(object.TreeEntrySorter(entries))
	encoded := &plumbing.MemoryObject{}
	if err := (&object.Tree{Entries: entries}).Encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.made.SetEncodedObject(encoded)
}

// orEmpty is the tree, or an empty one: a commit must have a tree.
func (b *builder) orEmpty(tree plumbing.Hash) plumbing.Hash {
	if tree.IsZero() {
		tree, _ = b.tree(nil)
	}
	return tree
}

func (b *builder) commit(c Commit, tree, parent plumbing.Hash) (plumbing.Hash, error) {
	who := object.Signature{Name: plain(c.Author.Name), Email: plain(c.Author.Email), When: c.When}
	commit := &object.Commit{Author: who, Committer: who, Message: strings.TrimRight(c.Message, "\n") + "\n", TreeHash: tree}
	if !parent.IsZero() {
		commit.ParentHashes = []plumbing.Hash{parent}
	}
	if c.Sign != nil {
		signature, err := sign(commit, c.Sign)
		if err != nil {
			return plumbing.ZeroHash, &localError{fmt.Errorf("signing the commit: %w", err)}
		}
		commit.PGPSignature = signature
	}
	encoded := &plumbing.MemoryObject{}
	if err := commit.Encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.made.SetEncodedObject(encoded)
}

func sign(commit *object.Commit, with func([]byte) (string, error)) (string, error) {
	unsigned := &plumbing.MemoryObject{}
	if err := commit.EncodeWithoutSignature(unsigned); err != nil {
		return "", err
	}
	reader, err := unsigned.Reader()
	if err != nil {
		return "", err
	}
	payload, err := io.ReadAll(reader)
	if err != nil {
		return "", err
	}
	return with(payload)
}

// plain leaves out what would end a name early in a commit's header.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("<>\n\r\x00", c) {
			return -1
		}
		return c
	}, name)
}

// pack is all that was made. Looking for deltas costs more than it saves.
func (b *builder) pack() ([]byte, error) {
	hashes := make([]plumbing.Hash, 0, len(b.made.Objects))
	for hash := range b.made.Objects {
		hashes = append(hashes, hash)
	}
	plumbing.HashesSort(hashes)
	var packed bytes.Buffer
	if _, err := packfile.NewEncoder(&packed, b.made, false).Encode(hashes, 0); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return packed.Bytes(), nil
}
