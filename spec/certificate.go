package spec

import (
	"errors"
	"path"
	"strings"
	"unicode"
)

// Certificate names the two files of a certificate that its owner brings along.
type Certificate struct {
	// Chain and Key are paths with slashes, relative to the folder of desired
	// state, clean and inside it.
	Chain, Key string
}

// maxPath is the longest path of a file that an entry may name, in characters.
const maxPath = 256

// looksLikePath is for editors; [filePath] knows more.
const looksLikePath = `^[^/\\~][^\\]*$`

// certificate builds what an object says of a certificate; nil: nothing, or
// nothing that can be used.
func (r *reading) certificate(o object) *Certificate {
	of := o.mappings["certificate"]
	c := &Certificate{Chain: r.filePath(of, "chain"), Key: r.filePath(of, "key")}
	if c.Chain == "" || c.Key == "" {
		return nil
	}
	if c.Chain == c.Key {
		r.fail(of.values["key"], "key: it is the same file as the chain: keep the private key in a file of its own, encrypted with age")
	}
	return c
}

// filePath is the path that the field holds; "": none that can be used.
func (r *reading) filePath(o object, field string) string {
	n := o.values[field]
	if n == nil {
		return ""
	}
	clean, err := filePath(n.Value)
	if err != nil {
		r.fail(n, "%s: %s", field, err)
	}
	r.named = append(r.named, Named{clean, max(n.Line, 1), max(n.Column, 1)})
	return clean
}

var (
	errPathAbsolute = errors.New("it must be a path in this repository that begins where apps.yaml lies, like certs/shop.pem")
	errPathUpwards  = errors.New("it must not leave the folder in which apps.yaml lies")
	errPathFolder   = errors.New("it must name a file, like certs/shop.pem")
	errPathSpelling = errors.New("it holds characters that no path here may have")
	errPathDesired  = errors.New("it names a file of desired state, not one of a certificate")
)

// filePath checks a path that an entry names, and returns its one spelling.
func filePath(value string) (string, error) {
	clean := path.Clean(value)
	switch {
	case strings.HasPrefix(value, "/"), strings.HasPrefix(value, "~"), strings.Contains(value, "://"):
		return "", errPathAbsolute
	case strings.ContainsFunc(value, func(c rune) bool { return c == '\\' || !unicode.IsPrint(c) }):
		return "", errPathSpelling
	case clean == "..", strings.HasPrefix(clean, "../"):
		return "", errPathUpwards
	case clean == ".", strings.HasSuffix(value, "/"):
		return "", errPathFolder
	case IsDesired(clean):
		return "", errPathDesired
	}
	return clean, nil
}
