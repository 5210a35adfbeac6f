package status_test

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/acmsync/acmsync/internal/status"
)

// FuzzParse reads documents as somebody may have pushed them to the status
// branch: no text of theirs steers a terminal, and what was read can be shown.
func FuzzParse(f *testing.F) {
	for _, content := range render(f, report()) {
		f.Add(content)
	}
	for _, rest := range []string{
		"app: \"\\e[2J\"\ndomains: [{name: \"a\\u202eb\\nc\", status: \"x\\ny\", fix: {zone: \"a\\nb\\e[1m\"}}]\n",
		"domains: [{name: &a \"\\a\", title: *a, message: !!binary YQ==}]\n",
		"a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\ndomains: *c\n",
		"domains: [{notAfter: 2026-13-45}]\n", "<<: {app: x}\n", "app: [\n", "app: x\n---\napp: y\n",
	} {
		for _, kind := range []string{"AppStatus", "Platform", "Summary"} {
			f.Add([]byte("apiVersion: acmsync/v1\nkind: " + kind + "\n" + rest))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		app, err := status.Parse(content)
		if err == nil {
			tame(t, reflect.ValueOf(app), "")
			show(t, app)
		}
		if p, err := status.ParsePlatform(content); err == nil {
			tame(t, reflect.ValueOf(p), "")
			_ = p.Policy()
		}
		if s, err := status.ParseSummary(content); err == nil {
			tame(t, reflect.ValueOf(s), "")
		}
	})
}

// show writes an app to all that people see of it.
func show(t *testing.T, app status.AppStatus) {
	t.Helper()
	apps := []status.AppStatus{app}
	for _, width := range []int{0, 20, 100} {
		if err := status.Table(io.Discard, apps, time.Unix(0, 0), true, width); err != nil {
			t.Error(err)
		}
	}
	if err := status.WriteYAML(io.Discard, apps); err != nil {
		t.Error(err)
	}
	if err := status.WriteJSON(io.Discard, apps); err != nil {
		t.Error(err)
	}
	_ = status.Changes(nil, &app)
	_ = status.Message(nil, apps, status.Commit{})
}

// tame checks every text in a value. Only a zone file has lines.
func tame(t *testing.T, v reflect.Value, field string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		text := v.String()
		if field == "Zone" {
			text = strings.ReplaceAll(text, "\n", "")
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s is %q", field, text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tame(t, v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			tame(t, v.Elem(), field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			tame(t, v.Index(i), field)
		}
	}
}
