package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// value is what somebody wrote for a setting, wherever it was written.
type value struct {
	place
	// node is set for values from the file, text for the others.
	node *yaml.Node
	text string
	// base is the folder at which relative paths start.
	base string
}

// scalar is the value's text.
func (v value) scalar() (string, error) {
	if v.node == nil {
		return v.text, nil
	}
	if v.node.Kind != yaml.ScalarNode {
		return "", errors.New("must be a single value, not " + kindOf(v.node))
	}
	if v.node.Tag == "!!null" {
		return "", errors.New("has no value: give it one or remove the line")
	}
	return v.node.Value, nil
}

// plain is the value's text where quotes would change its meaning.
func (v value) plain() (string, error) {
	text, err := v.scalar()
	if err == nil && v.node != nil && v.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return "", fmt.Errorf("must be written without quotes, got %q", text)
	}
	return text, err
}

// items are the texts of a list; outside the file commas separate them.
func (v value) items() ([]value, error) {
	if v.node == nil {
		return v.split(), nil
	}
	if v.node.Kind != yaml.SequenceNode {
		return nil, errors.New("must be a list, like [a, b], not " + kindOf(v.node))
	}
	out := make([]value, len(v.node.Content))
	for i, n := range v.node.Content {
		out[i] = value{place: at(v.file, n), node: n, base: v.base}
	}
	return out, nil
}

func (v value) split() []value {
	var out []value
	for part := range strings.SplitSeq(v.text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, value{place: v.place, text: part, base: v.base})
		}
	}
	return out
}

// resolve makes a path absolute.
func (v value) resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(v.base, path)
	}
	return filepath.Abs(path)
}

func at(file string, n *yaml.Node) place {
	return place{file: file, line: n.Line, column: n.Column}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of fields"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
