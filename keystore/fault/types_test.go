package fault_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unclassified are the error types that need no class, each with the reason.
var unclassified = map[string]string{
	"keystore/disk.waitError": "is taken apart by the function that called its maker",
}

// Every error type of the product says its class and its hints: without them it would end a command as a bug.
func TestEveryErrorIsClassified(t *testing.T) {
	t.Parallel()
	methods := map[string][]string{} // by type: those that this test knows
	for _, tree := range []string{"cmd/cgp-cred", "helper", "keystore"} {
		err := filepath.WalkDir(filepath.Join("../..", tree), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test")): // helpers of tests
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			return collect(path, methods)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		has := func(method string) bool { return slices.Contains(methods[name], method) }
		complete := has("FaultClass") && has("FaultHints")
		switch _, known := unclassified[name]; {
		case has("Error") && !complete && !known:
			t.Errorf("%s is an error without FaultClass and FaultHints: use fault.New or fault.Wrap, or implement "+
				"fault.Classified", name)
		case has("Error") && complete && known:
			t.Errorf("%s is classified: take it off the list", name)
		}
	}
	for name := range unclassified {
		if len(methods[name]) == 0 {
			t.Errorf("there is no error %s: take it off the list", name)
		}
	}
	if len(methods) < 5 {
		t.Errorf("%d error types were found", len(methods))
	}
}

// collect adds to methods the error types of a file: those with an Error method, and those that embed an error.
func collect(path string, methods map[string][]string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	folder, err := filepath.Rel("../..", filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	add := func(name, method string) {
		name = filepath.ToSlash(folder) + "." + name
		methods[name] = append(methods[name], method)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || !slices.Contains([]string{"Error", "FaultClass", "FaultHints"}, d.Name.Name) {
				continue
			}
			on := d.Recv.List[0].Type
			if star, pointer := on.(*ast.StarExpr); pointer {
				on = star.X
			}
			if name, plain := on.(*ast.Ident); plain {
				add(name.Name, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if spec, isType := s.(*ast.TypeSpec); isType && embedsError(spec.Type) {
					add(spec.Name.Name, "Error")
				}
			}
		}
	}
	return nil
}

// embedsError reports a struct with a field of type error that has no name.
func embedsError(t ast.Expr) bool {
	s, isStruct := t.(*ast.StructType)
	return isStruct && slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		name, plain := f.Type.(*ast.Ident)
		return len(f.Names) == 0 && plain && name.Name == "error"
	})
}
