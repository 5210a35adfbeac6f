package spec

import (
	"gopkg.in/yaml.v3"
)

// site is the app or domain that an edit is about, in its text.
type site struct {
	text source
	// node is a mapping, or the scalar of a domain in short form.
	node  *yaml.Node
	shape *shape
	// json: the file's first key is in double quotes, so new ones are, too.
	json bool
}

// pair is a field in a mapping.
type pair struct{ key, value *yaml.Node }

// locate finds the node of the change in a file that was accepted.
func (e *editing) locate() (site, error) {
	first, _, err := decode(e.file.Bytes)
	if err != nil || first == nil || len(first.Content) == 0 {
		return site{}, e.layout(1, 1)
	}
	root := first.Content[0]
	s := site{text: newSource(e.file.Bytes), node: e.appNode(root), shape: appShape}
	if len(root.Content) > 0 {
		s.json = root.Content[0].Style&yaml.DoubleQuotedStyle != 0
	}
	if s.node != nil && e.change.Domain != "" {
		s.node, s.shape = domainNode(s.node, e.change.Domain), domainShape
	}
	if s.node == nil {
		return site{}, e.layout(1, 1)
	}
	return s, nil
}

func (e *editing) appNode(root *yaml.Node) *yaml.Node {
	if e.file.Path != rootFile && isSingle(root) {
		return root
	}
	apps, ok := fieldOf(root, "apps")
	if !ok {
		return nil
	}
	for _, app := range apps.value.Content {
		if name, ok := fieldOf(app, "name"); ok && name.value.Value == e.change.App {
			return app
		}
	}
	return nil
}

// domainNode is the entry of an app's domains whose name, made canonical, is
// that one.
func domainNode(app *yaml.Node, name string) *yaml.Node {
	domains, ok := fieldOf(app, "domains")
	if !ok {
		return nil
	}
	for _, entry := range domains.value.Content {
		written := entry
		if entry.Kind == yaml.MappingNode {
			p, ok := fieldOf(entry, "name")
			if !ok {
				continue
			}
			written = p.value
		}
		if canonical, _, err := CanonicalName(written.Value); err == nil && canonical == name {
			return entry
		}
	}
	return nil
}

func fieldOf(m *yaml.Node, name string) (pair, bool) {
	for _, p := range pairs(m) {
		if p.key.Value == name {
			return p, true
		}
	}
	return pair{}, false
}

func pairs(m *yaml.Node) []pair {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	out := make([]pair, 0, len(m.Content)/2)
	for i := 0; i+1 < len(m.Content); i += 2 {
		out = append(out, pair{m.Content[i], m.Content[i+1]})
	}
	return out
}
