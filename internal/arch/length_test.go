package arch_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
)

// What is longer does not fit into one head; see CONTRIBUTING.md. In lines:
// a function from its signature to its closing brace, a file as it is.
const (
	maxFunction = 60
	maxFile     = 300
)

// long is what may be longer for now, by file or file:function, and why. An
// entry that is no longer needed fails the test too.
var long = map[string]string{}

// TestLengths holds every Go file of the module, tests included, to the limits.
func TestLengths(t *testing.T) {
	t.Parallel()
	faults, err := tooLong(os.DirFS("../.."), long)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// tooLong lists what exceeds the limits and is not excused, and excuses for
// what does not exceed them.
func tooLong(root fs.FS, excused map[string]string) ([]string, error) {
	lengths, err := overlong(root)
	if err != nil {
		return nil, err
	}
	var faults []string
	for what, lines := range lengths {
		if excused[what] == "" {
			limit := maxFile
			if strings.Contains(what, ".go:") {
				limit = maxFunction
			}
			faults = append(faults, fmt.Sprintf("%s has %d lines, more than %d: split it by what it holds", what, lines, limit))
		}
	}
	for what := range excused {
		if lengths[what] == 0 {
			faults = append(faults, what+" is excused in internal/arch/length_test.go and need not be: remove the entry")
		}
	}
	slices.Sort(faults)
	return faults, nil
}

// overlong finds the files and functions beyond the limits, with their lines.
func overlong(root fs.FS) (map[string]int, error) {
	found := map[string]int{}
	err := eachFile(root, ".go", func(name string, text []byte) error {
		if n := bytes.Count(text, []byte("\n")); n > maxFile {
			found[name] = n
		}
		functions, err := functionLengths(name, text)
		maps.DeleteFunc(functions, func(_ string, lines int) bool { return lines <= maxFunction })
		for function, lines := range functions {
			found[name+":"+function] = lines
		}
		return err
	})
	return found, err
}

// functionLengths measures every function of a file, those without a name by
// the line they begin at. A function within another counts for both.
func functionLengths(name string, text []byte) (map[string]int, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lengths := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		called := ""
		switch f := n.(type) {
		case *ast.FuncDecl:
			called = receiver(f) + f.Name.Name
		case *ast.FuncLit:
			called = fmt.Sprintf("line %d", positions.Position(f.Pos()).Line)
		default:
			return true
		}
		lengths[called] = positions.Position(n.End()).Line - positions.Position(n.Pos()).Line + 1
		return true
	})
	return lengths, nil
}

// receiver is "T." for a method of T or *T.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	named := ""
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			named = cmp.Or(named, id.Name)
		}
		return true
	})
	return named + "."
}

// TestTooLong shows that the limits can be broken, and where they are.
func TestTooLong(t *testing.T) {
	t.Parallel()
	function := func(signature string, lines int) string {
		return signature + " {\n" + strings.Repeat("\n", lines-2) + "}\n"
	}
	ends := "package a\n\n// A comment above a function is not part of it.\n"
	root := fstest.MapFS{
		"a/exact.go":          {Data: []byte("package a\n" + strings.Repeat("\n", maxFile-1))},
		"a/file.go":           {Data: []byte("package a\n" + strings.Repeat("\n", maxFile))},
		"a/file_test.go":      {Data: []byte("package a\n" + strings.Repeat("\n", maxFile))},
		"a/function.go":       {Data: []byte(ends + function("func fits()", maxFunction) + function("func long()", maxFunction+1))},
		"a/function_test.go":  {Data: []byte(ends + function("func TestLong(t *testing.T)", maxFunction+1))},
		"a/method.go":         {Data: []byte(ends + function("func (s *Set[T]) Add()", maxFunction+1))},
		"a/literal.go":        {Data: []byte(ends + function("var f = func()", maxFunction+1))},
		"a/excused.go":        {Data: []byte(ends + function("func old()", maxFunction+9))},
		"a/testdata/any.go":   {Data: []byte(strings.Repeat("\n", 2*maxFile))},
		"tools/any.go":        {Data: []byte(strings.Repeat("\n", 2*maxFile))},
		"a/testdata/notgo.md": {Data: []byte(strings.Repeat("\n", 2*maxFile))},
	}
	want := []string{
		"a/exact.go is excused in internal/arch/length_test.go and need not be: remove the entry",
		"a/file.go has 301 lines, more than 300: split it by what it holds",
		"a/file_test.go has 301 lines, more than 300: split it by what it holds",
		"a/function.go:long has 61 lines, more than 60: split it by what it holds",
		"a/function_test.go:TestLong has 61 lines, more than 60: split it by what it holds",
		"a/literal.go:line 4 has 61 lines, more than 60: split it by what it holds",
		"a/method.go:Set.Add has 61 lines, more than 60: split it by what it holds",
	}
	got, err := tooLong(root, map[string]string{"a/excused.go:old": "a reason", "a/exact.go": "a reason"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
