package spec

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// rootFile is the desired state of a platform that keeps it in one file.
const rootFile = "apps.yaml"

// defaultMaxBytes is the largest file read: 1 MiB.
const defaultMaxBytes = 1 << 20

// maxErrors is how many errors of one file are listed. They are committed to
// git, and nobody mends five hundred mistakes from a list.
const maxErrors = 500

// File is a file of desired state.
type File struct {
	Path  string // relative to the folder of desired state, with slashes
	Bytes []byte
}

// Options are the limits of [Parse]. The zero value is good.
type Options struct {
	MaxBytes int // most bytes of a file; 0: 1 MiB
}

// Error is one fault of a file. Line and Column count from 1, columns in
// characters.
type Error struct {
	File         string
	Line, Column int
	Message      string // one line, printable
}

// Error gives file:line:col: message.
func (e Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Parsed is what one file says: its apps, in the order of the file, or its
// errors, in the order of their place. Never both.
type Parsed struct {
	Path   string
	Apps   []App
	Errors []Error
	// Named are the files of certificates that the apps name, in the order of
	// the file.
	Named []Named
}

// Named is a file's name where it stands.
type Named struct {
	// File is as in [Certificate]. Line and Column count from 1.
	File         string
	Line, Column int
}

// IsDesired reports whether a file of that path, relative to the folder of
// desired state, is desired state: apps.yaml or apps/*.yaml.
func IsDesired(name string) bool {
	if name == rootFile {
		return true
	}
	dir, base := path.Split(name)
	return dir == "apps/" && strings.HasSuffix(base, ".yaml") && !strings.HasPrefix(base, ".")
}

// Parse reads all files of desired state together. The result is sorted by
// path and depends on no order of the input.
func Parse(files []File, o Options) []Parsed {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	files = slices.Clone(files)
	slices.SortFunc(files, func(x, y File) int {
		return cmp.Or(strings.Compare(x.Path, y.Path), bytes.Compare(x.Bytes, y.Bytes))
	})
	readings := make([]*reading, len(files))
	for i, f := range files {
		readings[i] = read(f, o)
	}
	refuseBothLayouts(readings)
	refuseSharedApps(readings)

	out := make([]Parsed, len(readings))
	for i, r := range readings {
		out[i] = r.parsed()
	}
	return out
}

// refuseBothLayouts refuses everything when apps.yaml stands beside apps/:
// whichever of the two is a leftover, taking it would undo the other.
func refuseBothLayouts(readings []*reading) {
	root := slices.ContainsFunc(readings, func(r *reading) bool { return r.path == rootFile })
	if !root || len(readings) == 1 {
		return
	}
	for _, r := range readings {
		if r.path == rootFile {
			r.failAt(1, 1, "apps.yaml stands beside files in apps/: keep one of the two")
		} else {
			r.failAt(1, 1, "this file stands beside apps.yaml: keep one of apps.yaml and apps/*.yaml")
		}
	}
}

// refuseSharedApps refuses both files when two define one app: nothing tells
// which is meant. A file that is refused for another reason counts as well;
// its app is kept as it was and must not pass to a namesake meanwhile.
func refuseSharedApps(readings []*reading) {
	holders := map[string][]int{}
	for i, r := range readings {
		for _, name := range r.order {
			holders[name] = append(holders[name], i)
		}
	}
	for i, r := range readings {
		for _, name := range r.order {
			if len(holders[name]) < 2 {
				continue
			}
			at := r.apps[name]
			r.fail(at, "app %q is also in %s: keep one of them", name, other(readings, holders[name], i, name))
		}
	}
}

// other names the first place, besides file i, that defines the app.
func other(readings []*reading, holders []int, i int, name string) string {
	j := holders[0]
	if j == i {
		j = holders[1]
	}
	return fmt.Sprintf("%s:%d", readings[j].path, readings[j].apps[name].Line)
}

// parsed closes the reading: sorted errors, or apps.
func (r *reading) parsed() Parsed {
	if len(r.errors) == 0 {
		return Parsed{Path: r.path, Apps: r.result, Named: r.named}
	}
	slices.SortFunc(r.errors, func(x, y Error) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column), strings.Compare(x.Message, y.Message))
	})
	errs := slices.Compact(r.errors)
	if more := len(errs) - maxErrors; more > 0 {
		last := errs[maxErrors]
		last.Message = fmt.Sprintf("and %d more errors from here on", more)
		errs = append(errs[:maxErrors:maxErrors], last)
	}
	return Parsed{Path: r.path, Errors: errs}
}
