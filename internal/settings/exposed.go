package settings

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	readableByAll    fs.FileMode = 0o004
	writableByOthers fs.FileMode = 0o022
	writableByAll    fs.FileMode = 0o002
)

// exposed warns of files with secrets that every user of this host can read,
// and refuses an account key that others can replace: whoever does may own the
// certificates. Files that a group may read are left to the operator, as that is
// how secrets are commonly handed to a service.
func (l *loader) exposed() {
	l.secretFiles("", l.out.fields())
	for i := range l.out.ACME.Fallback {
		l.secretFiles(fallbackKey(i)+".", l.out.ACME.Fallback[i].fields())
	}
	const env = "challenge.dns01.env"
	inline := false
	for _, name := range slices.Sorted(maps.Keys(l.out.Challenge.DNS01.Env)) {
		switch {
		case !secretName.MatchString(name):
		case strings.HasSuffix(name, "_FILE"):
			l.secretFile(l.near(env), env+"."+name, l.out.Challenge.DNS01.Env[name])
		default:
			inline = true
		}
	}
	l.ownFile(inline)
	if mode, ok := modeOf(l.out.ACME.AccountKeyFile); ok && mode&writableByOthers != 0 {
		const key = "acme.accountKeyFile"
		l.fail(l.near(key), key, fmt.Sprintf("other users can write to %s (mode %04o): run: chmod 600 %[1]s", l.out.ACME.AccountKeyFile, mode))
	}
}

// secretName is of variables whose value opens something.
var secretName = regexp.MustCompile(`(SECRET|PASSWORD|TOKEN)(_FILE)?$`)

func (l *loader) secretFiles(prefix string, table []field) {
	for _, f := range table {
		if f.secret != nil && *f.secret != "" {
			l.secretFile(l.near(prefix+f.key), prefix+f.key, *f.secret)
		}
	}
}

func (l *loader) secretFile(p place, key, path string) {
	if mode, ok := modeOf(path); ok && mode&readableByAll != 0 {
		l.warn(p, key, "every user of this host can read %s (mode %04o): run: chmod 600 %[1]s", path, mode)
	}
}

// ownFile is the file of settings: who can write it runs commands as our user.
func (l *loader) ownFile(inline bool) {
	mode, ok := modeOf(l.src.Path)
	if !ok || l.src.Bytes != nil {
		return
	}
	top := place{file: l.src.Path, line: 1, column: 1}
	if mode&writableByAll != 0 {
		l.warn(top, "", "every user of this host can change these settings (mode %04o), and so run commands as acmsync's: run: chmod go-w %s", mode, l.src.Path)
	}
	if inline && mode&readableByAll != 0 {
		const env = "challenge.dns01.env"
		l.warn(l.near(env), env, "holds a secret that every user of this host can read (mode %04o): put it in a file of its own, named by a variable that ends in _FILE, or run: chmod 600 %s", mode, l.src.Path)
	}
}

func modeOf(path string) (fs.FileMode, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Mode().Perm(), true
}
