package spec

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// maxDepth is more than any document of this format needs.
const maxDepth = 16

// reading is one file on its way to a Parsed.
type reading struct {
	path   string
	errors []Error
	result []App
	// apps are the names of the file's apps, readable even where the rest is
	// not, with their places; order is the order of the file.
	apps  map[string]*yaml.Node
	order []string
	named []Named
}

// read parses one file by itself.
func read(f File, o Options) *reading {
	r := &reading{path: f.Path, apps: map[string]*yaml.Node{}}
	root := r.document(f.Bytes, o.MaxBytes)
	if root == nil {
		return r
	}
	r.plain(root, 0)
	r.result = r.file(root)
	return r
}

func (r *reading) failAt(line, column int, format string, args ...any) {
	r.errors = append(r.errors, Error{r.path, line, column, fmt.Sprintf(format, args...)})
}

// fail records an error at a node.
func (r *reading) fail(at *yaml.Node, format string, args ...any) {
	r.failAt(max(at.Line, 1), max(at.Column, 1), format, args...)
}

// plain refuses, everywhere in the tree, what makes YAML more than nested lists
// and mappings. Aliases are never followed, so no document grows when read.
func (r *reading) plain(n *yaml.Node, depth int) {
	if depth > maxDepth {
		r.fail(n, "nested more than %d levels deep: look at the indentation", maxDepth)
		return
	}
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n, "YAML aliases are not allowed: write the value out instead of *%s", cut(n.Value, 40))
		return
	case n.Anchor != "":
		r.fail(n, "YAML anchors are not allowed: remove &%s", cut(n.Anchor, 40))
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "YAML tags are not allowed: remove %s", quote(n.Tag))
	}
	if n.Kind == yaml.MappingNode {
		r.keys(n)
	}
	for _, child := range n.Content {
		r.plain(child, depth+1)
	}
}

// keys refuses duplicate and odd keys of one mapping, in linear time: the
// check that yaml.v3 makes when it decodes compares every key with every other.
func (r *reading) keys(n *yaml.Node) {
	first := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			if key.Kind != yaml.AliasNode {
				r.fail(key, "a field name must be plain text")
			}
			continue
		}
		if key.Tag == "!!merge" {
			r.fail(key, "YAML merge keys (<<) are not allowed: write the fields out, or use defaults")
			continue
		}
		if before, ok := first[key.Value]; ok {
			r.fail(key, "%s stands here twice: the first is on line %d; keep one", quote(key.Value), before.Line)
			continue
		}
		first[key.Value] = key
	}
}
