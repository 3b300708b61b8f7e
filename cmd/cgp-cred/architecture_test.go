package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/architecture.md names each package of the product, and no other.
func TestArchitectureHasEachPackage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	entry := regexp.MustCompile("(?m)^- \\*\\*`((?:cmd|helper|keystore)[a-z/-]*)`\\*\\* ")
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		named = append(named, m[1])
	}
	slices.Sort(named)
	if diff := difference(productPackages(t), named); diff != "" {
		t.Errorf("packages (-product +architecture):\n%s", diff)
	}
	file := regexp.MustCompile("`((?:cmd|helper|keystore)/[a-zA-Z0-9/._-]+)`")
	for _, m := range file.FindAllStringSubmatch(string(text), -1) {
		path := strings.Replace(m[1], "NAME", "store", 1)
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(path))); err != nil {
			t.Errorf("architecture.md names %s: %v", m[1], err)
		}
	}
}

// productPackages returns the folders of the product's packages: the program, what it imports, and what other Go
// programs import.
func productPackages(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(mod), "\n")
	module := strings.TrimPrefix(line, "module ") + "/"
	packages := []string{"cmd/cgp-cred", "cmd/cgp-cred-fleet", "helper/oauth", "helper/simulator"}
	for i := 0; i < len(packages); i++ {
		files, err := fs.Glob(os.DirFS(root), packages[i]+"/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", packages[i], len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imported := range parsed.Imports {
				path, err := strconv.Unquote(imported.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if folder, own := strings.CutPrefix(path, module); own && !slices.Contains(packages, folder) {
					packages = append(packages, folder)
				}
			}
		}
	}
	slices.Sort(packages)
	return packages
}
