package deploy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// Installed returns the pair that is there under the name, as it lies there:
// chain, key, and in IssuedAt when it was kept, zero if that cannot be told.
// found is false where nothing is, or nothing whole.
func (f *Files) Installed(name string) (pair record.Pair, found bool, err error) {
	folder, err := folderOf(name)
	if err != nil {
		return pair, false, err
	}
	in, err := current(filepath.Join(f.dir, folder))
	if err != nil || in.leaf == nil {
		return pair, false, err
	}
	pair.Chain, pair.Key = in.content[fullchainFile], in.content[privkeyFile]
	pair.IssuedAt, _ = in.keptAt()
	return pair, true, nil
}

// Names are the names that something is installed for, sorted by folder.
func (f *Files) Names() ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if parent, wildcard := strings.CutPrefix(name, "_wildcard."); wildcard {
			name = "*." + parent
		}
		if folder, err := folderOf(name); err == nil && folder == e.Name() && e.Type()&fs.ModeSymlink != 0 {
			names = append(names, name)
		}
	}
	return names, err
}
