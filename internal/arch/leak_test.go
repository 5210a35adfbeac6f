package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// allowedLeaks is the one package that may say which goroutines stay.
const allowedLeaks = "internal/lab/leak"

// TestEveryPackageIsHeldToLeaveNoGoroutine: every package with tests has a
// TestMain that looks for goroutines, and none makes exceptions of its own.
func TestEveryPackageIsHeldToLeaveNoGoroutine(t *testing.T) {
	t.Parallel()
	faults, err := unwatched(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// unwatched lists the packages whose tests may leave goroutines.
func unwatched(root fs.FS) (faults []string, err error) {
	watched := map[string]bool{} // by package with tests
	err = eachFile(root, ".go", func(name string, text []byte) error {
		used, main, err := leakChecks(name, text)
		pkg := path.Dir(name)
		if strings.HasSuffix(name, "_test.go") {
			watched[pkg] = watched[pkg] || main && (used["VerifyTestMain"] || used["Find"])
		}
		for option := range used {
			if strings.HasPrefix(option, "Ignore") && option != "IgnoreCurrent" && pkg != allowedLeaks {
				faults = append(faults, fmt.Sprintf("%s: goleak.%s: exceptions are made in %s alone", name, option, allowedLeaks))
			}
		}
		return err
	})
	for pkg, ok := range watched {
		if !ok {
			faults = append(faults, pkg+" has tests, and no TestMain that calls goleak")
		}
	}
	slices.Sort(faults)
	return faults, err
}

// leakChecks are the functions of goleak that a file uses, and whether it has
// the TestMain.
func leakChecks(name string, text []byte) (used map[string]bool, main bool, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, false, err
	}
	used = map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			main = main || n.Recv == nil && n.Name.Name == "TestMain"
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "goleak" {
				used[n.Sel.Name] = true
			}
		}
		return true
	})
	return used, main, nil
}

// TestUnwatched shows what the check finds.
func TestUnwatched(t *testing.T) {
	t.Parallel()
	main := "func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }\n"
	root := fstest.MapFS{
		"good/a_test.go":            {Data: []byte("package a\n" + main)},
		"good/b_test.go":            {Data: []byte("package a\n")},
		"none/a_test.go":            {Data: []byte("package a\nfunc TestMain(m *testing.M) { m.Run() }\n")},
		"untested/a.go":             {Data: []byte("package a\n")},
		"lax/a_test.go":             {Data: []byte("package a\n" + main + "var _ = goleak.IgnoreTopFunction\n")},
		allowedLeaks + "/leak.go":   {Data: []byte("package leak\nvar _ = goleak.IgnoreAnyFunction\n")},
		"good/testdata/x/a_test.go": {Data: []byte("package a\n")},
	}
	want := []string{
		"lax/a_test.go: goleak.IgnoreTopFunction: exceptions are made in internal/lab/leak alone",
		"none has tests, and no TestMain that calls goleak",
	}
	got, err := unwatched(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
