package gitrepo

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

const (
	// maxEntries bounds one walk: a few trees that hold each other can spell out
	// more paths than there are atoms.
	maxEntries = 1_000_000
	maxDepth   = 64
)

// found is one wanted path.
type found struct {
	path string
	hash plumbing.Hash
	err  *FileError
}

// walk lists the wanted files below a tree.
type walk struct {
	trees   storer.EncodedObjectStorer
	want    func(string) bool
	found   []found
	entries int
	read    map[plumbing.Hash]*object.Tree
}

// listFiles lists the wanted files below a folder, sorted by path. It fails as
// a whole rather than leave something out: what is not listed counts as removed.
func listFiles(trees storer.EncodedObjectStorer, root plumbing.Hash, dir string, want func(string) bool) ([]found, error) {
	w := &walk{trees: trees, want: want, read: map[plumbing.Hash]*object.Tree{}}
	for _, name := range split(dir) {
		tree, err := w.tree(root, dir)
		if err != nil {
			return nil, err
		}
		entry, ok := lookup(tree.Entries, name)
		switch {
		case !ok:
			return nil, nil
		case entry.Mode != filemode.Dir:
			return nil, &localError{fmt.Errorf("repository.path: %s is not a folder in the repository", dir)}
		}
		root = entry.Hash
	}
	if err := w.below(root, "", 0); err != nil {
		return nil, err
	}
	sort.Slice(w.found, func(i, j int) bool { return w.found[i].path < w.found[j].path })
	w.refuseTwins()
	return w.found, nil
}

// split makes names of a folder's path; "." and "" have none.
func split(dir string) []string {
	clean := strings.Trim(path.Clean("/"+dir), "/")
	if clean == "" {
		return nil
	}
	return strings.Split(clean, "/")
}

func lookup(entries []object.TreeEntry, name string) (object.TreeEntry, bool) {
	for _, entry := range entries {
		if entry.Name == name {
			return entry, true
		}
	}
	return object.TreeEntry{}, false
}

func (w *walk) tree(hash plumbing.Hash, at string) (*object.Tree, error) {
	if tree := w.read[hash]; tree != nil {
		return tree, nil
	}
	tree, err := object.GetTree(w.trees, hash)
	if err != nil {
		if w.trees.HasEncodedObject(hash) != nil {
			return nil, fmt.Errorf("%w: folder %q: %w", errBroken, at, err)
		}
		return nil, &localError{fmt.Errorf("folder %q of the repository cannot be read: %w", at, err)}
	}
	w.read[hash] = tree
	return tree, nil
}

func (w *walk) below(hash plumbing.Hash, prefix string, depth int) error {
	tree, err := w.tree(hash, prefix)
	if err != nil {
		return err
	}
	if w.entries += len(tree.Entries); w.entries > maxEntries || depth > maxDepth {
		return &localError{fmt.Errorf("the repository holds more than %d files, or folders nested deeper than %d: narrow repository.path", maxEntries, maxDepth)}
	}
	for _, entry := range tree.Entries {
		if !safeName(entry.Name) {
			continue
		}
		at := prefix + entry.Name
		switch {
		case entry.Mode == filemode.Dir:
			if err := w.below(entry.Hash, at+"/", depth+1); err != nil {
				return err
			}
		case w.want(at):
			w.found = append(w.found, found{path: at, hash: entry.Hash, err: fault(at, entry.Mode)})
		default:
			w.blocked(at, entry.Mode)
		}
	}
	return nil
}

// blocked reports a symbolic link or submodule that stands where a folder with
// wanted files might be. Whether there would have been one nobody knows, but it
// must not look as if they had been removed.
func (w *walk) blocked(at string, mode filemode.FileMode) {
	if err := fault(at, mode); err != nil && w.wantsBelow(at) {
		w.found = append(w.found, found{path: at, err: err})
	}
}

// wantsBelow tries names of the usual kinds.
func (w *walk) wantsBelow(at string) bool {
	return w.want(at+"/x.yaml") || w.want(at+"/x.yml") || w.want(at+"/x.pem")
}

func fault(at string, mode filemode.FileMode) *FileError {
	switch mode {
	case filemode.Regular, filemode.Executable:
		return nil
	case filemode.Symlink:
		return &FileError{Path: at, Fault: FaultSymlink}
	default:
		return &FileError{Path: at, Fault: FaultSubmodule}
	}
}

// refuseTwins refuses names that one file system in two takes for the same, and
// names that a forged tree holds twice: which of them counts would depend on
// who looks.
func (w *walk) refuseTwins() {
	count := map[string]int{}
	for _, f := range w.found {
		count[strings.ToLower(f.path)]++
	}
	for i := range w.found {
		if f := &w.found[i]; count[strings.ToLower(f.path)] > 1 && f.err == nil {
			f.err = &FileError{Path: f.path, Fault: FaultTwin}
		}
	}
}

// safeName refuses names that git itself would never check out, or that would
// reach outside the folder or rewrite a terminal. No wanted file has one.
func safeName(name string) bool {
	switch {
	case name == "", name == ".", name == "..", strings.EqualFold(name, ".git"), strings.EqualFold(name, "git~1"):
		return false
	case !utf8.ValidString(name), strings.ContainsAny(name, `/\`):
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) })
}
