package settings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

var variableName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,127}$`)

// variables reads a mapping of names to texts. Files they name (NAME_FILE, and
// a program's path) start at the folder of the settings like every other path.
// Values stay out of errors, as they may be secrets.
func variables(to *Variables) setter {
	return func(v value) error {
		if v.node == nil || v.node.Kind != yaml.MappingNode {
			return errors.New("must be a group of variables, like {DNSUPDATE_NAMESERVER: ns1.example.net}")
		}
		found := Variables{}
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			name, val := v.node.Content[i], v.node.Content[i+1]
			if err := found.add(v, name, val); err != nil {
				return err
			}
		}
		*to = found
		return nil
	}
}

func (vs Variables) add(v value, name, val *yaml.Node) error {
	_, twice := vs[name.Value]
	switch {
	case !variableName.MatchString(name.Value):
		return fmt.Errorf("%q is not the name of a variable, like DNSUPDATE_NAMESERVER", name.Value)
	case twice:
		return fmt.Errorf("%s is written twice", name.Value)
	case val.Kind != yaml.ScalarNode || val.Anchor != "" || val.Style&yaml.TaggedStyle != 0 || val.Value == "":
		return fmt.Errorf("%s must have a single value", name.Value)
	case strings.ContainsAny(val.Value, "\x00\n"):
		return fmt.Errorf("%s must be one line", name.Value)
	}
	text := val.Value
	isFile := strings.HasSuffix(name.Value, "_FILE")
	if isFile || name.Value == "EXEC_PATH" && strings.Contains(text, "/") {
		path, err := v.resolve(text)
		if err == nil {
			err = readable(path)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name.Value, err)
		}
		text = path
	}
	vs[name.Value] = text
	return nil
}
