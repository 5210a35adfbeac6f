package deploy

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// stamp is when we kept a certificate, as version folders are named.
const stamp = "20060102T150405Z"

// NewerError says that the target already has a pair that is newer than the
// one to be installed, as after the restore of an old backup.
type NewerError struct {
	// SHA256 is the fingerprint of the newer pair's leaf, in hexadecimal.
	SHA256    string
	NotBefore time.Time
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer certificate is there already (valid from %s, sha256 %s)",
		e.NotBefore.UTC().Format(time.RFC3339), e.SHA256)
}

// installed is what a name's link leads to.
type installed struct {
	// version is the folder's name; empty: nothing is installed.
	version string
	// leaf and content are nil unless the folder holds a whole pair.
	leaf    *x509.Certificate
	content map[string][]byte
}

// current reads what is installed. Damage is no error, as a new pair mends it;
// something at the link's place that we did not make is one.
func current(link string) (installed, error) {
	info, err := os.Lstat(link)
	if errors.Is(err, fs.ErrNotExist) {
		return installed{}, nil
	}
	if err != nil {
		return installed{}, err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return installed{}, fmt.Errorf("%s is not a link made by acmsync: move it away", link)
	}
	to, err := os.Readlink(link)
	if err != nil {
		return installed{}, err
	}
	if err := checkLink(link, to); err != nil {
		return installed{}, err
	}
	in := installed{version: filepath.Base(to)}
	in.content, in.leaf = content(link)
	return in, nil
}

// content reads a version; both are nil unless it is whole.
func content(folder string) (map[string][]byte, *x509.Certificate) {
	read := map[string][]byte{}
	for _, name := range fileNames {
		var err error
		if read[name], err = os.ReadFile(filepath.Join(folder, name)); err != nil {
			return nil, nil
		}
	}
	leaf, err := check(read[fullchainFile], read[privkeyFile])
	if err != nil {
		return nil, nil
	}
	return read, leaf
}

// same reports whether every file already has the wanted content.
func (in installed) same(want files) bool {
	if in.leaf == nil {
		return false
	}
	for _, f := range want.list() {
		if !bytes.Equal(in.content[f.name], f.content) {
			return false
		}
	}
	return true
}

// refuse keeps an older pair from replacing a newer one that is whole and in
// date. Older is what began earlier and was kept by us earlier: NotBefore alone
// would misjudge a CA that dates its certificates back further than the last.
// Of two that began in the same second the one that was kept later is newer.
func (in installed) refuse(p record.Pair, want files, now time.Time) error {
	if in.leaf == nil || in.leaf.NotAfter.Before(now) || want.leaf.NotBefore.After(in.leaf.NotBefore) {
		return nil
	}
	kept, ok := in.keptAt()
	ours := p.IssuedAt.Truncate(time.Second)
	if same := want.leaf.NotBefore.Equal(in.leaf.NotBefore); same && (!ok || !kept.After(ours)) || ok && ours.After(kept) {
		return nil
	}
	return &NewerError{SHA256: fingerprint(in.leaf), NotBefore: in.leaf.NotBefore}
}

// keptAt is the time in the version's name, by our clock.
func (in installed) keptAt() (time.Time, bool) {
	text, _, _ := strings.Cut(in.version, "-")
	at, err := time.Parse(stamp, text)
	return at, err == nil
}

func versionName(c record.Certificate, leaf *x509.Certificate) string {
	at := c.IssuedAt
	if at.IsZero() {
		at = leaf.NotBefore
	}
	return at.UTC().Format(stamp) + "-" + fingerprint(leaf)[:16]
}

// certificateOf is the part of a version's name that says which certificate it
// is of, and when that was kept.
func certificateOf(version string) string {
	return version[:max(strings.LastIndexByte(version, '-'), 0)]
}

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*$`)

// folderOf is the folder of a name. Nothing but a canonical host name gets
// one, so no name leads out of the target's folder.
func folderOf(name string) (string, error) {
	parent, wildcard := strings.CutPrefix(name, "*.")
	if !hostName.MatchString(parent) || len(name) > 253 {
		return "", fmt.Errorf("%q is not a host name", name)
	}
	if wildcard {
		return "_wildcard." + parent, nil
	}
	return name, nil
}
