package arch_test

import (
	"go/ast"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// guarded are the packages that work for domains while others are worked for.
// What panics there must not end the process: see internal/beside.
var guarded = []string{"verify", "issue", "internal/challenge", "internal/store", "internal/gitrepo", "internal/deploy", "internal/controller"}

// TestGoroutinesAreRecovered: in those packages no goroutine is begun whose
// panic nobody recovers.
func TestGoroutinesAreRecovered(t *testing.T) {
	t.Parallel()
	all, err := sources(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if slices.Contains(guarded, s.pkg) {
			for _, fault := range unrecovered(s.file) {
				t.Errorf("%s: %s", s.name, fault)
			}
		}
	}
}

// unrecovered lists what begins goroutines otherwise than by internal/beside.
func unrecovered(file *ast.File) []string {
	var faults []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !callsRun(n.Call) {
				faults = append(faults, "a go statement without beside.Run: what panics there ends the process")
			}
		case *ast.SelectorExpr:
			if of(n, "sync", "WaitGroup") || of(n, "errgroup", "Group") || of(n, "errgroup", "WithContext") {
				faults = append(faults, "uses "+n.X.(*ast.Ident).Name+"."+n.Sel.Name+": take a beside.Group, so that a panic ends nothing but its own work")
			}
		}
		return true
	})
	return faults
}

func callsRun(n ast.Node) (calls bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		calls = calls || ok && of(selector, "beside", "Run")
		return true
	})
	return calls
}

func of(s *ast.SelectorExpr, pkg, name string) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

// TestUnrecoveredGoroutinesAreFound shows that the check can fail.
func TestUnrecoveredGoroutinesAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`package a; func f() { go func() {}() }`:                               "go statement",
		`package a; import "sync"; var g sync.WaitGroup`:                       "sync.WaitGroup",
		`package a; import "x/errgroup"; var g errgroup.Group`:                 "errgroup.Group",
		`package a; import "x/beside"; func f() { go beside.Run(f) }`:          "",
		`package a; import "x/beside"; var g beside.Group`:                     "",
		`package a; func f() { go func() { defer func() { recover() }() }() }`: "go statement",
	} {
		all, err := sources(fstest.MapFS{"verify/a.go": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(unrecovered(all[0].file), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
