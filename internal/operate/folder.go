package operate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/spec"
)

// maxBytes is the largest file of desired state; one byte more is read, so
// that the parser can refuse what is too long instead of cutting it.
const maxBytes = 1 << 20

// ErrNoDesired: a folder holds neither apps.yaml nor apps/*.yaml.
var ErrNoDesired = errors.New("neither apps.yaml nor apps/*.yaml is there")

var errLink = errors.New("it is a link, or no regular file; put the file itself in its place")

// Folder reads the files of desired state below dir, sorted by path. Symbolic
// links are refused, as they are in the repository.
func Folder(dir string) ([]spec.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, noFolder(err))
	}
	defer root.Close()
	names, err := desiredNames(root)
	if err != nil {
		return nil, fmt.Errorf("listing desired state in %s: %w", dir, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoDesired)
	}
	files := make([]spec.File, 0, len(names))
	for _, name := range names {
		content, err := readFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path.Join(dir, name), err)
		}
		files = append(files, spec.File{Path: name, Bytes: content})
	}
	return files, nil
}

// ErrNoFolder: there is no folder of that name.
var ErrNoFolder = errors.New("there is no such folder")

// noFolder says so; other errors of the file system speak for themselves.
func noFolder(err error) error {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist), strings.Contains(err.Error(), "not a directory"):
		return ErrNoFolder
	case errors.As(err, &p):
		return p.Err
	}
	return err
}

// FolderWithCertificates is [Folder] with the files of the certificates that
// desired state names, behind those of desired state. What is not there, or is
// a link, is left out, as it is in the repository.
func FolderWithCertificates(dir string) ([]spec.File, error) {
	files, err := Folder(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of desired state: %w", err)
	}
	defer root.Close()
	for _, name := range certificateNames(files) {
		if content, err := readFile(root, name); err == nil {
			files = append(files, spec.File{Path: name, Bytes: content})
		}
	}
	return files, nil
}

// certificateNames are the paths of certificates that desired state names.
func certificateNames(files []spec.File) []string {
	var names []string
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		for _, app := range parsed.Apps {
			for _, d := range append([]spec.Domain{{}}, app.Domains...) {
				if c := app.Brought(d); c != nil {
					names = append(names, c.Chain, c.Key)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func desiredNames(root *os.Root) ([]string, error) {
	// A pass refuses a link in the folder's place, wherever it leads; listing
	// would look through it.
	if info, err := root.Lstat("apps"); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("apps: %w", errLink)
	}
	var names []string
	for _, dir := range []string{".", "apps"} {
		entries, err := fs.ReadDir(root.FS(), dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "not a directory") {
			return nil, err
		}
		for _, e := range entries {
			if name := path.Join(dir, e.Name()); !e.IsDir() && spec.IsDesired(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

func readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errLink
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}
