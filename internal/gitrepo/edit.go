package gitrepo

import (
	"fmt"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// edit is what happens to one folder.
type edit struct {
	files   map[string]content
	folders map[string]*edit
	// prune says of the paths below this folder, given from Root on, whether they
	// go; nil: they stay.
	prune func(path string) bool
}

// content is a file and its id.
type content struct {
	bytes []byte
	hash  plumbing.Hash
}

// newEdit makes a tree of folders of a flat list of files.
func newEdit(c Commit) (*edit, error) {
	top := &edit{}
	root := top
	for _, name := range split(c.Root) {
		if !safeName(name) {
			return nil, fmt.Errorf("%q cannot be a folder of a report", c.Root)
		}
		root = root.folder(name)
	}
	root.prune = c.Prune
	for at, bytes := range c.Files {
		if at != path.Clean(at) || strings.HasPrefix(at, "/") {
			return nil, fmt.Errorf("%q is not a path below a folder", at)
		}
		names := strings.Split(at, "/")
		folder := root
		for i, name := range names {
			if !safeName(name) {
				return nil, fmt.Errorf("%q cannot be a path in a repository", at)
			}
			if i < len(names)-1 {
				folder = folder.folder(name)
			}
		}
		folder.put(names[len(names)-1], bytes)
	}
	return top, top.conflict("")
}

func (e *edit) folder(name string) *edit {
	if e.folders == nil {
		e.folders = map[string]*edit{}
	}
	if e.folders[name] == nil {
		e.folders[name] = &edit{prune: e.prune}
	}
	return e.folders[name]
}

func (e *edit) put(name string, bytes []byte) {
	if e.files == nil {
		e.files = map[string]content{}
	}
	e.files[name] = content{bytes: bytes, hash: plumbing.ComputeHash(plumbing.BlobObject, bytes)}
}

// conflict finds a name that is to be a file and a folder.
func (e *edit) conflict(prefix string) error {
	for name, folder := range e.folders {
		if _, both := e.files[name]; both {
			return fmt.Errorf("%s%s is given both as a file and as a folder", prefix, name)
		}
		if err := folder.conflict(prefix + name + "/"); err != nil {
			return err
		}
	}
	return nil
}

// is says whether an entry of a tree is this very file.
func (c content) is(mode filemode.FileMode, hash plumbing.Hash) bool {
	return c.hash == hash && mode == filemode.Regular
}
