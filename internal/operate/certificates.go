package operate

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/spec"
)

// CheckCertificates judges the certificates that desired state names, as far as
// that can be done without the operator's identity: the files are there, the
// chain is in order, in date, strong, for the domains, and fits a key that lies
// in the clear. Such a key is what is warned of. files are those of
// [FolderWithCertificates].
func CheckCertificates(files []spec.File, now time.Time) (faults, warnings []spec.Error) {
	c := shelf{now: now, files: map[string][]byte{}}
	var desired []spec.File
	for _, f := range files {
		if spec.IsDesired(f.Path) {
			desired = append(desired, f)
		} else {
			c.files[f.Path] = f.Bytes
		}
	}
	for _, parsed := range spec.Parse(desired, spec.Options{}) {
		f, w := c.check(parsed)
		faults, warnings = append(faults, f...), append(warnings, w...)
	}
	return faults, warnings
}

// shelf is where certificates lie.
type shelf struct {
	now   time.Time
	files map[string][]byte
}

// check is about the certificates that one file of desired state names. What is
// wrong with a file of theirs is said once, where it is named first.
func (s shelf) check(p spec.Parsed) (faults, warnings []spec.Error) {
	wrong, plain := map[string]string{}, map[string]bool{}
	var named []spec.Error
	for _, app := range p.Apps {
		for _, d := range app.Domains {
			c := app.Brought(d)
			if c == nil {
				continue
			}
			b := s.glance(*c, wrong)
			plain[c.Key] = b.Plain && wrong[c.Key] == "" && bytes.Contains(s.files[c.Key], []byte("PRIVATE KEY"))
			if b.Certificate != nil && !b.Certificate.Serves(d.Name) {
				named = append(named, spec.Error{File: p.Path, Line: d.Line, Column: d.Column, Message: fmt.Sprintf(
					"%s is not for %s, but for %s", c.Chain, d.Name, record.Clean(names(b.Certificate.Names), 300))})
			}
		}
	}
	for _, n := range p.Named {
		at := spec.Error{File: p.Path, Line: n.Line, Column: n.Column}
		if at.Message = wrong[n.File]; at.Message != "" {
			faults = append(faults, at)
		}
		if at.Message = inTheClear(n.File); plain[n.File] {
			warnings = append(warnings, at)
		}
		delete(wrong, n.File)
		delete(plain, n.File)
	}
	return append(faults, named...), warnings
}

// inTheClear is what to do about a key that anybody with the repository can use.
func inTheClear(path string) string {
	text := path + " is a private key in the clear: encrypt it with age"
	if !strings.HasSuffix(path, ".age") {
		text += fmt.Sprintf(" (age -r RECIPIENT -a -o %s.age %s; your operator names the recipient)", path, path)
	}
	return text
}

// glance notes what is wrong with a certificate under the file to mend.
func (s shelf) glance(c spec.Certificate, wrong map[string]string) record.Brought {
	missing := false
	for _, name := range []string{c.Chain, c.Key} {
		if _, there := s.files[name]; !there {
			wrong[name], missing = name+" is not there, or not a file of its own (a link is none)", true
		}
	}
	if missing {
		return record.Brought{}
	}
	b := keypair.Glance(keypair.Files{ChainPath: c.Chain, KeyPath: c.Key, Chain: s.files[c.Chain], Key: s.files[c.Key]}, s.now)
	switch {
	case strings.HasPrefix(b.Fault, c.Key):
		wrong[c.Key] = b.Fault
	case b.Fault != "":
		wrong[c.Chain] = b.Fault
	case !s.now.Before(b.Certificate.NotAfter):
		wrong[c.Chain] = c.Chain + " expired at " + b.Certificate.NotAfter.UTC().Format(time.RFC3339)
	}
	return b
}
