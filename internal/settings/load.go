package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// maxBytes bounds the file before it is parsed.
const maxBytes = 1 << 20

// Source is where settings come from; what comes later in the struct wins.
type Source struct {
	// Path is the file; relative paths in it start at its folder.
	Path string
	// Named: the operator named Path (--config), so it must exist, and may lie
	// inside a checkout of the repository.
	Named bool
	// Bytes is the file's content; nil: it is read from Path.
	Bytes []byte
	// Env holds environment variables; those not named ACMSYNC_… are ignored.
	Env map[string]string
	// Flags holds settings from the command line by dotted key.
	Flags map[string]string
}

// Load reads, checks and completes the settings. Its error is of type
// [Errors] and holds everything that is wrong. Beside the file and the files
// it names nothing is touched; there is no network traffic.
func Load(src Source) (Settings, error) {
	l := &loader{src: src, out: defaults(), seen: map[string]place{}}
	l.out.Path = src.Path
	l.file()
	l.environment()
	l.flags()
	if len(l.errs) == 0 {
		l.check()
	} else {
		l.minimum()
	}
	if len(l.errs) > 0 {
		return Settings{}, l.errs.sorted()
	}
	return l.out, nil
}

// loader collects values into out and errors into errs.
type loader struct {
	src  Source
	out  Settings
	errs Errors
	// seen is where each setting, and each group, was last written.
	seen map[string]place
	// missing: there is no file.
	missing bool
}

func (l *loader) fail(p place, key, message string) {
	l.errs = append(l.errs, p.fail(key, message))
}

// set puts v into f and remembers where it came from.
func (l *loader) set(f field, prefix string, v value) {
	l.seen[prefix+f.key] = v.place
	if err := f.set(v); err != nil {
		l.fail(v.place, prefix+f.key, err.Error())
	}
}

func (l *loader) file() {
	content, err := l.content()
	switch {
	case errors.Is(err, fs.ErrNotExist) && !l.src.Named:
		l.missing = true
	case err != nil:
		l.fail(place{source: l.src.Path}, "", "the settings cannot be read: "+reason(err)+"; name another file with --config")
	case len(content) > maxBytes:
		l.fail(place{file: l.src.Path, line: 1, column: 1}, "", "the file is larger than 1 MiB, so it can hardly be settings; name another with --config")
	default:
		l.parse(content)
	}
}

func (l *loader) content() ([]byte, error) {
	if l.src.Bytes != nil || l.src.Path == "" {
		return l.src.Bytes, nil
	}
	return os.ReadFile(l.src.Path)
}

// reason is an error of the file system without the path it repeats.
func reason(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, syscall.EISDIR):
		return "it is a folder"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

// ours are variables that the program sets or reads by other means.
var ours = []string{"ACMSYNC_CONFIG", "ACMSYNC_CHANGED", "ACMSYNC_CHANGED_COUNT"}

// environment takes an empty variable for one that is not set, as shells and
// compose files leave them behind. It ignores unknown ones unless they look
// mistyped: a
// Kubernetes service called acmsync puts ACMSYNC_PORT and the like into every
// container beside it.
func (l *loader) environment() {
	table := map[string]field{}
	for _, f := range l.out.fields() {
		if !f.nested {
			table[EnvName(f.key)] = f
		}
	}
	known := slices.Sorted(maps.Keys(table))
	for _, name := range slices.Sorted(maps.Keys(l.src.Env)) {
		if !strings.HasPrefix(name, "ACMSYNC_") || slices.Contains(ours, name) || l.src.Env[name] == "" {
			continue
		}
		from := place{source: name}
		if f, ok := table[name]; ok {
			l.set(f, "", value{place: from, text: l.src.Env[name], base: "."})
		} else if near := nearest(name, known); near != "" && distance(name, near) <= 2 {
			l.fail(from, "", "no such setting"+didYouMean(near))
		}
	}
}

func (l *loader) flags() {
	table := map[string]field{}
	for _, f := range l.out.fields() {
		table[f.key] = f
	}
	known := slices.Sorted(maps.Keys(table))
	for _, key := range slices.Sorted(maps.Keys(l.src.Flags)) {
		from := place{source: "command line"}
		f, ok := table[key]
		switch {
		case ok:
			l.set(f, "", value{place: from, text: l.src.Flags[key], base: "."})
		case key == "deploy" || key == "acme.fallback":
			l.fail(from, key, "is a list, which only the file can hold")
		case slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, key+".") }):
			l.fail(from, key, "is a group of settings: name one of them, like "+l.first(known, key))
		default:
			l.fail(from, key, noSuch(nearest(key, known)))
		}
	}
}

// first is one setting of a group.
func (l *loader) first(known []string, group string) string {
	return known[slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(k, group+".") })]
}

// near is the place of key or of the nearest group around it.
func (l *loader) near(key string) place {
	for k := key; k != ""; k = parent(k) {
		if p, ok := l.seen[k]; ok {
			return p
		}
	}
	if l.missing || l.src.Path == "" && l.src.Bytes == nil {
		return place{}
	}
	return place{file: l.src.Path, line: 1, column: 1}
}

func parent(key string) string {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return ""
	}
	return key[:i]
}

// base is the folder at which the file's relative paths start.
func (l *loader) base() string {
	if l.src.Path == "" {
		return "."
	}
	return filepath.Dir(l.src.Path)
}

func (l *loader) warn(p place, key, format string, args ...any) {
	l.out.Warnings = append(l.out.Warnings, p.fail(key, fmt.Sprintf(format, args...)).Error())
}

// Exists reports whether there is a file of settings at path, readable or not.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
