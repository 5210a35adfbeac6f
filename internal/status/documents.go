package status

import (
	"encoding/json"
	"io"

	"gopkg.in/yaml.v3"
)

// WriteYAML writes the apps as a stream of documents, as they are committed.
func WriteYAML(w io.Writer, apps []AppStatus) error {
	if len(apps) == 0 {
		return nil
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	for _, app := range apps {
		if err := e.Encode(app); err != nil {
			return err
		}
	}
	return e.Close()
}

// WriteJSON writes the apps as a list, an empty one when there are none.
func WriteJSON(w io.Writer, apps []AppStatus) error {
	if apps == nil {
		apps = []AppStatus{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(apps)
}
