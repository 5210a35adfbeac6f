package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// column ties a column's name to the field it is kept in. One list per table
// serves reading and writing, so that neither can forget a field.
type column struct {
	name string
	// at is a pointer to a plain field, or a timeAt, jsonAt or bytesAt.
	at any
}

// timeAt keeps a time as microseconds since 1970 UTC, the zero time as NULL.
type timeAt struct{ t *time.Time }

func (c timeAt) Value() (driver.Value, error) {
	if c.t.IsZero() {
		return nil, nil
	}
	return c.t.UnixMicro(), nil
}

func (c timeAt) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.t = time.Time{}
	case int64:
		*c.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("time is %T, not microseconds", v)
	}
	return nil
}

// jsonAt keeps a nested value as JSON text, nil as NULL.
type jsonAt struct{ v any }

func (c jsonAt) Value() (driver.Value, error) {
	text, err := json.Marshal(c.v)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return string(text), nil
}

func (c jsonAt) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), c.v)
	case []byte:
		return json.Unmarshal(v, c.v)
	}
	return fmt.Errorf("JSON is %T, not text", v)
}

// bytesAt keeps bytes, nil as NULL.
type bytesAt struct{ b *[]byte }

func (c bytesAt) Value() (driver.Value, error) {
	if *c.b == nil {
		return nil, nil
	}
	return *c.b, nil
}

func (c bytesAt) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.b = nil
	case []byte:
		*c.b = append([]byte{}, v...)
	default:
		return fmt.Errorf("bytes are %T", v)
	}
	return nil
}

func names(cols []column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.name
	}
	return out
}

// list is the columns for a SELECT or INSERT, with an optional table prefix.
func list(cols []column) string { return strings.Join(names(cols), ", ") }

func values(cols []column) []any {
	out := make([]any, len(cols))
	for i, c := range cols {
		out[i] = c.at
	}
	return out
}

// marks is "$first, … $last" for n placeholders.
func marks(first, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(out, ", ")
}

// assignments is "a = $first, b = …".
func assignments(cols []column, first int) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = fmt.Sprintf("%s = $%d", c.name, first+i)
	}
	return strings.Join(out, ", ")
}

// insertion is an INSERT of all the columns.
func insertion(table string, cols []column) string {
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, list(cols), marks(1, len(cols)))
}
