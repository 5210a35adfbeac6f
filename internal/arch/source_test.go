package arch_test

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// source is one shipped Go file: no test, whatever its build tags.
type source struct {
	name     string // relative to the module's root
	pkg      string // its folder
	imports  []string
	demoOnly bool // compiled under build tag demo only
	file     *ast.File
}

// sources parses every Go file of the module that is not a test.
func sources(root fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(name):
			return fs.SkipDir
		case entry.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		s, err := parse(root, name)
		all = append(all, s)
		return err
	})
	return all, err
}

// skipped folders are not packages of this module; tools is a module itself.
func skipped(dir string) bool {
	base := path.Base(dir)
	return dir != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) ||
		base == "testdata" || dir == "tools" || dir == "bin"
}

func parse(root fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return source{}, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s := source{name: name, pkg: path.Dir(name), file: file, demoOnly: demoOnly(file)}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	return s, nil
}

// demoOnly reports whether no build without tag demo compiles the file.
func demoOnly(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if !constraint.IsGoBuild(comment.Text) || comment.Pos() > file.Package {
				continue
			}
			expr, err := constraint.Parse(comment.Text)
			return err == nil && !expr.Eval(func(tag string) bool { return tag != "demo" })
		}
	}
	return false
}

// clockUses lists the functions of package time that the file uses and that
// need a clock.
func clockUses(file *ast.File) []string {
	local := ""
	for _, spec := range file.Imports {
		if spec.Path.Value != `"time"` {
			continue
		}
		local = "time"
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	switch local {
	case "":
		return nil
	case ".":
		return []string{"a dot import, which hides the clock"}
	}
	var uses []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == local && contains(clocks, selector.Sel.Name) {
			uses = append(uses, selector.Sel.Name)
		}
		return true
	})
	return uses
}

// eachFile visits every file of the module whose name ends so, with its content.
func eachFile(root fs.FS, ending string, visit func(name string, text []byte) error) error {
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(name):
			return fs.SkipDir
		case entry.IsDir(), !strings.HasSuffix(name, ending):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return visit(name, text)
	})
}
