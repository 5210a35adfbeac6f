package gitrepo

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// difference collects the wanted paths at which trees are not the same. Folders
// that are the same are not opened.
type difference struct {
	walk
	paths map[string]bool
}

// folder is the tree of a folder below root; zero: there is none.
func (d *difference) folder(root plumbing.Hash, dir string) (plumbing.Hash, error) {
	for _, name := range split(dir) {
		tree, err := d.tree(root, dir)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entry, ok := lookup(tree.Entries, name)
		if !ok || entry.Mode != filemode.Dir {
			return plumbing.ZeroHash, nil
		}
		root = entry.Hash
	}
	return root, nil
}

func (d *difference) compare(a, b plumbing.Hash, prefix string, depth int) error {
	if a == b {
		return nil
	}
	before, err := d.named(a, prefix)
	if err != nil {
		return err
	}
	now, err := d.named(b, prefix)
	if err != nil {
		return err
	}
	if d.entries += len(before) + len(now); d.entries > maxEntries || depth > maxDepth {
		return &localError{fmt.Errorf("the repository holds more than %d files, or folders nested deeper than %d: narrow repository.path", maxEntries, maxDepth)}
	}
	names := slices.Collect(maps.Keys(now))
	for name := range before {
		if _, both := now[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if slices.Equal(before[name], now[name]) || !safeName(name) {
			continue
		}
		if err := d.entry(before[name], now[name], prefix+name, depth); err != nil {
			return err
		}
	}
	return nil
}

// named are a tree's entries by name; a forged tree has several of one name.
func (d *difference) named(hash plumbing.Hash, at string) (map[string][]object.TreeEntry, error) {
	if hash.IsZero() {
		return nil, nil
	}
	tree, err := d.tree(hash, at)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]object.TreeEntry, len(tree.Entries))
	for _, entry := range tree.Entries {
		out[entry.Name] = append(out[entry.Name], entry)
	}
	return out, nil
}

// entry compares what stands at one path.
func (d *difference) entry(before, now []object.TreeEntry, at string, depth int) error {
	var was, is []plumbing.Hash
	for _, entry := range before {
		d.file(entry, at)
		was = appendFolder(was, entry)
	}
	for _, entry := range now {
		d.file(entry, at)
		is = appendFolder(is, entry)
	}
	for i := range max(len(was), len(is)) {
		if err := d.compare(nth(was, i), nth(is, i), at+"/", depth+1); err != nil {
			return err
		}
	}
	return nil
}

// file notes an entry that is no folder, if it is wanted or stands in the way of
// what may be.
func (d *difference) file(entry object.TreeEntry, at string) {
	if entry.Mode != filemode.Dir && (d.want(at) || fault(at, entry.Mode) != nil && d.wantsBelow(at)) {
		d.paths[at] = true
	}
}

func appendFolder(to []plumbing.Hash, entry object.TreeEntry) []plumbing.Hash {
	if entry.Mode == filemode.Dir {
		return append(to, entry.Hash)
	}
	return to
}

// nth is zero beyond the end.
func nth(list []plumbing.Hash, i int) plumbing.Hash {
	if i < len(list) {
		return list[i]
	}
	return plumbing.ZeroHash
}
