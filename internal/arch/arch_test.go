package arch_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/acmsync/acmsync"

// TestModule holds the source to the table.
func TestModule(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	if _, err := fs.Stat(root, "go.mod"); err != nil {
		t.Fatalf("not the module's root: %v", err)
	}
	all, err := sources(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files found", len(all))
	}
	for _, fault := range violations(all) {
		t.Error(fault)
	}
}

// TestTable holds the table to itself: it is layered, so nothing is a cycle
// waiting to happen, and every row that is imported exists.
func TestTable(t *testing.T) {
	t.Parallel()
	above := map[string]bool{}
	for _, r := range table {
		for _, ours := range r.ours {
			if !above[ours] {
				t.Errorf("%s may import %s, which is not above it", r.path, ours)
			}
		}
		if above[r.path] {
			t.Errorf("%s has two rows", r.path)
		}
		if r.pure && (r.above || r.free) {
			t.Errorf("%s is pure and yet may import anything", r.path)
		}
		above[r.path] = true
	}
}

// violations lists what the files do that the table does not allow.
func violations(all []source) []string {
	var faults []string
	for _, s := range all {
		at, ok := rowOf(s.pkg)
		if !ok {
			faults = append(faults, s.name+": package "+s.pkg+" has no row in the import table (internal/arch/table_test.go)")
			continue
		}
		for _, imported := range s.imports {
			if why := refused(at, s, imported); why != "" {
				faults = append(faults, fmt.Sprintf("%s: imports %s: %s", s.name, imported, why))
			}
		}
		if !table[at].pure {
			continue
		}
		for _, use := range clockUses(s.file) {
			faults = append(faults, fmt.Sprintf("%s: uses time: %s: %s is pure, take the time as a parameter", s.name, use, s.pkg))
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// rowOf finds a package's row; packages below a free one share its row.
func rowOf(pkg string) (int, bool) {
	for i, r := range table {
		if r.path == pkg || r.free && strings.HasPrefix(pkg, r.path+"/") {
			return i, true
		}
	}
	return 0, false
}

// refused says why the table does not allow an import, or "".
func refused(at int, s source, imported string) string {
	r := table[at]
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case r.free:
		return ""
	case isOurs:
		return refusedOurs(at, s, ours)
	case imported == "C":
		return "cgo is not built"
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		if within(imported, r.others) {
			return ""
		}
		return s.pkg + " may not import this module"
	case r.pure && within(imported, notPure) && !contains(pureAfterAll, imported) && !contains(r.despite, imported):
		return s.pkg + " is pure: no clock, no I/O, no chance"
	}
	return ""
}

func refusedOurs(at int, s source, ours string) string {
	r := table[at]
	imported, ok := rowOf(ours)
	switch {
	case !ok:
		return "it has no row in the import table"
	case table[imported].free && s.demoOnly:
		return "" // the demo is built from the lab
	case table[imported].free:
		return "the lab is for tests and for files with build tag demo"
	case contains(r.ours, ours), r.above && imported < at:
		return ""
	}
	return s.pkg + " may not import this package"
}

// within reports whether path is one of roots or lies below one.
func within(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

const ours = `"` + module + `/`

// breaches are modules of one small file, and what is wrong with each.
var breaches = []struct {
	name, file, text string
	want             []string
}{
	{"allowed", "spec/a.go", `package spec; import ("strings"; "time"; "net/netip"; "gopkg.in/yaml.v3"); var _ time.Time`, nil},
	{"a test may do anything", "spec/a_test.go", `package spec; import "net/http"`, nil},
	{"no row", "internal/utils/a.go", `package utils`, []string{
		"internal/utils/a.go: package internal/utils has no row in the import table (internal/arch/table_test.go)",
	}},
	{"below a row is not in it", "spec/sub/a.go", `package sub`, []string{
		"spec/sub/a.go: package spec/sub has no row in the import table (internal/arch/table_test.go)",
	}},
	{"a package not allowed", "verify/a.go", `package verify; import ` + ours + `reconcile"`, []string{
		"verify/a.go: imports github.com/acmsync/acmsync/reconcile: verify may not import this package",
	}},
	{"a module not allowed", "internal/deploy/a.go", `package deploy; import "github.com/go-git/go-git/v5"`, []string{
		"internal/deploy/a.go: imports github.com/go-git/go-git/v5: internal/deploy may not import this module",
	}},
	{"a module with a longer name", "spec/a.go", `package spec; import "gopkg.in/yaml.v33"`, []string{
		"spec/a.go: imports gopkg.in/yaml.v33: spec may not import this module",
	}},
	{"I/O", "reconcile/a.go", `package reconcile; import ("os"; "net"; "net/http"; "log/slog"; "context")`, []string{
		"reconcile/a.go: imports context: reconcile is pure: no clock, no I/O, no chance",
		"reconcile/a.go: imports log/slog: reconcile is pure: no clock, no I/O, no chance",
		"reconcile/a.go: imports net/http: reconcile is pure: no clock, no I/O, no chance",
		"reconcile/a.go: imports net: reconcile is pure: no clock, no I/O, no chance",
		"reconcile/a.go: imports os: reconcile is pure: no clock, no I/O, no chance",
	}},
	{"slog in record", "internal/record/a.go", `package record; import "log/slog"`, nil},
	{"the clock", "reconcile/a.go", `package reconcile; import "time"; var a, b = time.Now(), time.Since`, []string{
		"reconcile/a.go: uses time: Now: reconcile is pure, take the time as a parameter",
		"reconcile/a.go: uses time: Since: reconcile is pure, take the time as a parameter",
	}},
	{"the clock by another name", "spec/a.go", `package spec; import clock "time"; var a = clock.Now`, []string{
		"spec/a.go: uses time: Now: spec is pure, take the time as a parameter",
	}},
	{"the clock by no name", "spec/a.go", `package spec; import . "time"; var a = Now()`, []string{
		"spec/a.go: uses time: a dot import, which hides the clock: spec is pure, take the time as a parameter",
	}},
	{"the clock elsewhere", "verify/a.go", `package verify; import "time"; var a = time.Now()`, nil},
	{"all above", "internal/controller/a.go", `package controller; import (` + ours + `issue"; ` + ours + `internal/operate")`, nil},
	{"not below", "internal/operate/a.go", `package operate; import ` + ours + `internal/controller"`, []string{
		"internal/operate/a.go: imports github.com/acmsync/acmsync/internal/controller: internal/operate may not import this package",
	}},
	{"the lab ships", "cmd/acmsync/a.go", `package main; import ` + ours + `internal/lab/ca"`, []string{
		"cmd/acmsync/a.go: imports github.com/acmsync/acmsync/internal/lab/ca: the lab is for tests and for files with build tag demo",
	}},
	{"the lab ships under another tag", "cmd/acmsync/a.go", "//go:build demo || linux\n\npackage main; import " + ours + `internal/lab"`, []string{
		"cmd/acmsync/a.go: imports github.com/acmsync/acmsync/internal/lab: the lab is for tests and for files with build tag demo",
	}},
	{"the demo", "cmd/acmsync/a.go", "//go:build demo\n\npackage main; import " + ours + `internal/lab"`, nil},
	{"the lab itself", "internal/lab/dns/a.go", `package dns; import ("net"; "github.com/miekg/dns"; ` + ours + `verify")`, nil},
	{"another module", "tools/a.go", `package tools; import "example.com/x"`, nil},
	{"cgo", "verify/a.go", `package verify; import "C"`, []string{"verify/a.go: imports C: cgo is not built"}},
}

// TestViolations shows that the checks can fail.
func TestViolations(t *testing.T) {
	t.Parallel()
	for _, test := range breaches {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all, err := sources(fstest.MapFS{test.file: {Data: []byte(test.text)}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, violations(all)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
