package controller

import (
	"cmp"
	"slices"

	"github.com/acmsync/acmsync/internal/gitrepo"
	"github.com/acmsync/acmsync/internal/keypair"
	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/store"
	"github.com/acmsync/acmsync/spec"
)

// maxCertificate is the largest file of a certificate that is read; real ones
// are a hundredth of it.
const maxCertificate = 256 << 10

// brought are the certificates that desired state brings along: what is known
// of each, and the pairs of those that can be used, by fingerprint.
type brought struct {
	read  map[spec.Certificate]record.Brought
	pairs map[string]record.Pair
}

// certificates are those that desired state names, sorted: by files that are not
// refused, and by the others as they were accepted last, which they still are.
func (r reading) certificates(accepted []store.AcceptedFile) []spec.Certificate {
	var apps []spec.App
	for _, file := range r.parsed {
		old := slices.IndexFunc(accepted, func(f store.AcceptedFile) bool { return f.Path == file.Path })
		if len(file.Errors) > 0 && old >= 0 {
			file = parse(accepted[old])
		}
		apps = append(apps, file.Apps...)
	}
	return certificatesOf(apps)
}

// wereNamed are the certificates that desired state named when it was accepted last.
func wereNamed(accepted []store.AcceptedFile) []spec.Certificate {
	var apps []spec.App
	for _, file := range accepted {
		apps = append(apps, parse(file).Apps...)
	}
	return certificatesOf(apps)
}

func certificatesOf(apps []spec.App) []spec.Certificate {
	var named []spec.Certificate
	for _, app := range apps {
		if app.Certificate != nil {
			named = append(named, *app.Certificate)
		}
		for _, d := range app.Domains {
			if d.Certificate != nil {
				named = append(named, *d.Certificate)
			}
		}
	}
	slices.SortFunc(named, func(x, y spec.Certificate) int {
		return cmp.Or(cmp.Compare(x.Chain, y.Chain), cmp.Compare(x.Key, y.Key))
	})
	return slices.Compact(named)
}

// inFiles reports whether a path is one of a certificate's.
func inFiles(named []spec.Certificate) func(path string) bool {
	paths := make(map[string]bool, 2*len(named))
	for _, c := range named {
		paths[c.Chain], paths[c.Key] = true, true
	}
	return func(path string) bool { return paths[path] }
}

// bring judges each certificate by its files.
func (p *pass) bring(named []spec.Certificate, files []gitrepo.File) brought {
	have := make(map[string]gitrepo.File, len(files))
	for _, f := range files {
		have[f.Path] = f
	}
	out := brought{read: map[spec.Certificate]record.Brought{}, pairs: map[string]record.Pair{}}
	for _, c := range named {
		b := record.Brought{Chain: c.Chain, Key: c.Key}
		var pair record.Pair
		if b.Fault = cmp.Or(unread(have, c.Chain), unread(have, c.Key)); b.Fault == "" {
			f := keypair.Files{ChainPath: c.Chain, KeyPath: c.Key, Chain: have[c.Chain].Bytes, Key: have[c.Key].Bytes}
			b, pair = keypair.Bring(f, p.Identity, p.Now())
		}
		out.read[c] = b
		if b.Certificate != nil {
			out.pairs[pair.SHA256] = pair
		}
	}
	return out
}

// unread is why there is no content of a file, as a clause; empty: there is.
func unread(have map[string]gitrepo.File, path string) string {
	f, there := have[path]
	switch {
	case !there:
		return path + " is not in the repository, beside apps.yaml"
	case f.Err != nil:
		return f.Err.Error()
	default:
		return ""
	}
}
