package spec

import (
	"bytes"
	"encoding/json"
)

// SchemaURL is the `$id` of the published schema, for editors:
//
//	# yaml-language-server: $schema=…
const SchemaURL = "https://raw.githubusercontent.com/acmsync/acmsync/main/docs/apps.schema.json"

// schema is the part of JSON Schema (draft 2020-12) that the format needs, in
// the order in which it reads best.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	MinLength   int                `json:"minLength,omitempty"`
	MaxLength   int                `json:"maxLength,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     int                `json:"maximum,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Closed      *bool              `json:"additionalProperties,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	Not         *schema            `json:"not,omitempty"`
	If          *schema            `json:"if,omitempty"`
	Then        *schema            `json:"then,omitempty"`
	Else        *schema            `json:"else,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`
}

// Schema is the JSON Schema (draft 2020-12) of a desired-state file, made from
// the table that [Parse] checks by. It knows structure only: whether a name is
// a good one, or stands twice, the parser says.
func Schema() []byte {
	root := &schema{
		Dialect:     "https://json-schema.org/draft/2020-12/schema",
		ID:          SchemaURL,
		Title:       "acmsync desired state",
		Description: "apps.yaml, or one of apps/*.yaml: apps and their custom domains.",
		// An unwrapped app is recognised as the parser does it, so that an
		// editor's complaints are about the shape that was meant.
		If: &schema{
			AnyOf: []*schema{{Required: []string{"name"}}, {Required: []string{"domains"}}},
			Not:   &schema{Required: []string{"apps"}},
		},
		Then: &schema{Ref: "#/$defs/single"},
		Else: &schema{Ref: "#/$defs/file"},
		Defs: map[string]*schema{
			"file": fileShape.schema(), "single": singleShape.schema(),
			"defaults": defaultsShape.schema(), "app": appShape.schema(), "domain": domainShape.schema(),
			"certificate": certificateShape.schema(),
		},
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	// Strings, numbers and bools: encoding cannot fail.
	_ = encoder.Encode(root)
	return out.Bytes()
}

// schema describes a mapping, or the bare string that may stand for it.
func (s *shape) schema() *schema {
	closed := false
	out := &schema{Type: "object", Description: s.doc, Properties: map[string]*schema{}, Closed: &closed}
	for _, f := range s.fields {
		if f.unreleased {
			continue
		}
		out.Properties[f.name] = f.schema()
		if f.required {
			out.Required = append(out.Required, f.name)
		}
	}
	if s.short == "" {
		return out
	}
	out.Description = ""
	return &schema{Description: s.doc, AnyOf: []*schema{s.field(s.short).schema(), out}}
}

func (f *field) schema() *schema {
	out := &schema{Description: f.doc, MaxLength: f.max}
	switch f.kind {
	case text:
		out.Type, out.Pattern, out.MinLength = "string", f.pattern(), 1
	case scalar:
		out.Type, out.MinLength = []string{"string", "number", "boolean"}, 1
	case flag:
		out.Type = "boolean"
	case count:
		zero := 0
		out.Type, out.Minimum, out.Maximum, out.MaxLength = "integer", &zero, f.max, 0
	case list:
		out.Type, out.Items = "array", f.of.ref()
	case mapping:
		return f.of.ref()
	}
	if len(f.values) > 0 {
		return &schema{Description: f.doc, Enum: f.values}
	}
	return out
}

func (f *field) pattern() string {
	if f.match != nil {
		return f.match.String()
	}
	return f.looks
}

// ref points at the definition of a shape.
func (s *shape) ref() *schema {
	names := map[*shape]string{defaultsShape: "defaults", appShape: "app", domainShape: "domain", certificateShape: "certificate"}
	return &schema{Ref: "#/$defs/" + names[s]}
}
