package spec

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// file turns the tree of a file into apps. Errors are recorded on the way; the
// apps count only if there were none.
func (r *reading) file(root *yaml.Node) []App {
	if r.path != rootFile && isSingle(root) {
		o := r.object(root, singleShape)
		return []App{r.app(o, object{})}
	}
	o := r.object(root, fileShape)
	entries := o.lists["apps"]
	r.certificate(o.mappings["defaults"]) // whoever uses it, it must be right
	apps := make([]App, 0, len(entries))
	for _, entry := range entries {
		apps = append(apps, r.app(entry, o.mappings["defaults"]))
	}
	return apps
}

// isSingle recognises an unwrapped app: what only an app has, and no apps.
func isSingle(root *yaml.Node) bool {
	if root.Kind != yaml.MappingNode {
		return false
	}
	single := false
	for i := 0; i < len(root.Content); i += 2 {
		switch root.Content[i].Value {
		case "apps":
			return false
		case "name", "domains":
			single = true
		}
	}
	return single
}

// app builds one app, filling in the defaults.
func (r *reading) app(o, defaults object) App {
	for name, value := range defaults.values {
		if _, own := o.values[name]; !own {
			o.values[name] = value
		}
	}
	if _, own := o.mappings["certificate"]; !own {
		o.mappings["certificate"] = defaults.mappings["certificate"]
	}
	a := App{
		Name: o.text("name"), File: r.path, Line: o.at.Line,
		ACM: o.flag("acm"), Plan: o.text("plan"), Runtime: o.text("runtime"),
		Web: o.count("web"), Refresh: o.text("refresh"), Rekey: o.text("rekey"),
		Challenge: o.text("challenge"),
	}
	if a.Runtime == "" {
		a.Runtime = Common
	}
	if trusted := o.flag("trustedIPs"); trusted != nil {
		a.TrustedIPs = *trusted
	}
	a.Certificate = r.certificate(o)
	r.claim(a.Name, o.values["name"])
	a.Domains = r.domains(a, o.lists["domains"])
	return a
}

// claim notes an app's name and refuses it the second time.
func (r *reading) claim(name string, at *yaml.Node) {
	if at == nil {
		return
	}
	if before, ok := r.apps[name]; ok {
		r.fail(at, "app %q stands here twice: the first is on line %d; keep one", name, before.Line)
		return
	}
	r.apps[name] = at
	r.order = append(r.order, name)
}

// domains builds an app's domains. One name twice in one app is a slip; one
// name in two apps is a claim, and decided by who holds it.
func (r *reading) domains(a App, entries []object) []Domain {
	domains := make([]Domain, 0, len(entries))
	first := make(map[string]int, len(entries))
	for _, entry := range entries {
		at := entry.values["name"]
		if at == nil {
			continue
		}
		d, err := r.domain(entry)
		if err != nil {
			r.fail(at, "%s", err)
			continue
		}
		if line, ok := first[d.Name]; ok {
			r.fail(at, "domain %s stands twice in app %q: the first is on line %d; keep one", d.Name, a.Name, line)
			continue
		}
		first[d.Name] = at.Line
		domains = append(domains, d)
	}
	return domains
}

func (r *reading) domain(o object) (Domain, error) {
	at := o.values["name"]
	name, unicode, err := CanonicalName(at.Value)
	if err != nil {
		return Domain{}, err
	}
	d := Domain{
		Name: name, Unicode: unicode, Line: at.Line, Column: at.Column,
		ACM: o.flag("acm"), Challenge: o.text("challenge"),
		Refresh: o.text("refresh"), Rekey: o.text("rekey"),
	}
	if target := o.values["target"]; target != nil {
		d.Target, err = canonicalTarget(target.Value)
		if err != nil {
			r.fail(target, "target: %s", err)
		}
	}
	d.Certificate = r.certificate(o)
	return d, nil
}

// The accessors below read values that object has checked.

func (o object) text(name string) string {
	if n := o.values[name]; n != nil {
		return n.Value
	}
	return ""
}

func (o object) flag(name string) *bool {
	n := o.values[name]
	if n == nil {
		return nil
	}
	on := n.Value[0] == 't' || n.Value[0] == 'T' // true, True, TRUE
	return &on
}

func (o object) count(name string) *int {
	n := o.values[name]
	if n == nil {
		return nil
	}
	number, _ := strconv.Atoi(n.Value)
	return &number
}
