package spec

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The fields that [Edit] can change.
const (
	ACM     = "acm"
	Refresh = "refresh"
	Rekey   = "rekey"
)

// Change is one field of an app, or of one of its domains, and its new value.
type Change struct {
	App string
	// Domain in any spelling; "": the app itself.
	Domain string
	// Field is ACM, Refresh or Rekey.
	Field string
	// Value is what Refresh and Rekey are to be. For ACM it is "true" or
	// "false" and means what shall hold, not what shall be written: see [Edit].
	Value string
}

// Edited is what an edit came to.
type Edited struct {
	// Path is the file that holds the app.
	Path string
	// Bytes is the whole file as it is to be.
	Bytes []byte
	// Changed is false when the file says so already.
	Changed bool
	// Before and After are the app, as the file had it and as it will.
	Before, After App
	// Domain is the canonical name, "" when the app itself was meant.
	Domain string
}

// Edit makes a change in the file that holds the app, by replacing bytes where
// the value stands: comments, layout, quoting and line ends stay as they are,
// and where a line can hold the change, one line changes. Nothing is changed
// but that field, and defaults are never touched.
//
// ACM is written only where it must be. Where leaving the field out would mean
// the same, the field goes (unless a comment stands at it), so that disabling
// and enabling again gives back the file there was; otherwise it is set.
//
// A file with errors is not edited: the error is a *RefusedError. Other errors
// are *UnknownError, for an app or a domain that is not there, *LayoutError,
// for a file written so oddly that a person must do it, or say what is wrong
// with the change itself.
func Edit(files []File, c Change, o Options) (Edited, error) {
	if err := c.check(); err != nil {
		return Edited{}, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	parsed := Parse(files, o)
	before, err := holder(parsed, c.App)
	if err != nil {
		return Edited{}, err
	}
	e := &editing{change: c, options: o}
	for _, f := range files {
		if f.Path == before.Path {
			e.file = f
		}
	}
	e.apps = before.Apps
	return e.edit()
}

// check refuses what could never be a value, before looking for its place.
func (c *Change) check() error {
	if c.Domain != "" {
		name, _, err := CanonicalName(c.Domain)
		if err != nil {
			return err
		}
		c.Domain = name
	}
	switch c.Field {
	case ACM:
		if c.Value != "true" && c.Value != "false" {
			return fmt.Errorf("acm must be true or false, not %s", quote(c.Value))
		}
		return nil
	case Refresh, Rekey:
		f := domainShape.field(c.Field)
		if !utf8.ValidString(c.Value) || strings.ContainsFunc(c.Value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("%s holds characters that cannot be printed: %s", c.Field, quote(c.Value))
		}
		if fault := f.textFault(c.Value); fault != "" {
			return fmt.Errorf("%s", fault)
		}
		return nil
	}
	return fmt.Errorf("%s cannot be edited", quote(c.Field))
}

// holder is the accepted file that holds the app.
func holder(parsed []Parsed, app string) (Parsed, error) {
	var refused []Error
	var known []string
	for _, p := range parsed {
		refused = append(refused, p.Errors...)
		for _, a := range p.Apps {
			if a.Name == app {
				return p, nil
			}
			known = append(known, a.Name)
		}
	}
	if len(refused) > 0 {
		return Parsed{}, &RefusedError{Errors: refused}
	}
	return Parsed{}, &UnknownError{App: app, Near: nearest(app, known)}
}

// Find is one app of the files. Its error is a *UnknownError, or a
// *RefusedError where files have errors and the app is in none of the others.
func Find(files []File, app string, o Options) (App, error) {
	p, err := holder(Parse(files, o), app)
	return appOf(p.Apps, app), err
}

// editing is one change on its way into one file.
type editing struct {
	file    File
	apps    []App
	change  Change
	options Options
}

func (e *editing) edit() (Edited, error) {
	before := appOf(e.apps, e.change.App)
	out := Edited{Path: e.file.Path, Bytes: e.file.Bytes, Before: before, After: before, Domain: e.change.Domain}
	if e.change.Domain != "" && domainOf(before, e.change.Domain) == nil {
		return Edited{}, unknownDomain(before, e.change.Domain)
	}
	if e.change.holds(before) {
		return out, nil
	}
	at, err := e.locate()
	if err != nil {
		return Edited{}, err
	}
	for _, candidate := range at.candidates(e.change) {
		if after, ok := e.accept(candidate); ok {
			out.Bytes, out.After, out.Changed = candidate, after, true
			return out, nil
		}
	}
	return Edited{}, e.layout(at.node.Line, at.node.Column)
}

// accept reads a candidate and reports whether it is the change asked for and
// nothing else.
func (e *editing) accept(text []byte) (App, bool) {
	r := read(File{Path: e.file.Path, Bytes: text}, e.options)
	if len(r.errors) > 0 || len(r.result) != len(e.apps) {
		return App{}, false
	}
	for i, app := range r.result {
		was := e.apps[i]
		if app.Name == e.change.App {
			app, was = e.change.without(app), e.change.without(was)
		}
		if app.Name != was.Name || Digest(app) != Digest(was) {
			return App{}, false
		}
	}
	after := appOf(r.result, e.change.App)
	return after, e.change.holds(after)
}

func (e *editing) layout(line, column int) error {
	return &LayoutError{Error{
		e.file.Path, line, column,
		fmt.Sprintf("%s cannot be changed in place in this layout: change it by hand", e.change.Field),
	}}
}

// holds reports whether the app says already what the change is to bring.
func (c Change) holds(a App) bool {
	d := Domain{Refresh: a.Refresh, Rekey: a.Rekey}
	if c.Domain != "" {
		own := domainOf(a, c.Domain)
		if own == nil {
			return false
		}
		d = *own
	}
	switch c.Field {
	case ACM:
		return a.Managed(d) == (c.Value == "true")
	case Refresh:
		return d.Refresh == c.Value
	}
	return d.Rekey == c.Value
}

// without is the app with the changed field taken out, for comparing the rest.
func (c Change) without(a App) App {
	if c.Domain == "" {
		a.ACM, a.Refresh, a.Rekey = blank(c.Field, a.ACM, a.Refresh, a.Rekey)
		return a
	}
	a.Domains = append([]Domain(nil), a.Domains...)
	if d := domainOf(a, c.Domain); d != nil {
		d.ACM, d.Refresh, d.Rekey = blank(c.Field, d.ACM, d.Refresh, d.Rekey)
	}
	return a
}

func blank(field string, acm *bool, refresh, rekey string) (_ *bool, _, _ string) {
	switch field {
	case ACM:
		return nil, refresh, rekey
	case Refresh:
		return acm, "", rekey
	}
	return acm, refresh, ""
}

func appOf(apps []App, name string) App {
	for _, a := range apps {
		if a.Name == name {
			return a
		}
	}
	return App{}
}

func domainOf(a App, name string) *Domain {
	for i := range a.Domains {
		if a.Domains[i].Name == name {
			return &a.Domains[i]
		}
	}
	return nil
}
