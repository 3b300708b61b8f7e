package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"cgp-cred/keystore/keystoretest"
)

// recipe is a block that a document prints under <!-- tested: NAME -->.
type recipe struct {
	file     string // of the repository
	language string // sh, python or go
	text     string
}

var (
	recipeMark  = regexp.MustCompile(`(?m)^ *<!-- *tested:.*$`)
	recipeBlock = regexp.MustCompile("(?ms)^<!-- tested: (\\S+) -->\n```(sh|python|go)\n(.*?)^```$")
)

// manual returns the documents for users: README.md and all of docs.
func manual(repository string) []string {
	return append(glob(repository, "README.md"), glob(repository, "docs", "*.md")...)
}

// recipes returns the recipes of the manual by their names. A mark without a block below it, or a name that is used
// twice, is an error.
func recipes(repository string) (map[string]recipe, error) {
	found := map[string]recipe{}
	for _, path := range manual(repository) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := filepath.Rel(repository, path)
		if err != nil {
			return nil, err
		}
		blocks := recipeBlock.FindAllStringSubmatch(string(text), -1)
		if marks := recipeMark.FindAllString(string(text), -1); len(marks) != len(blocks) {
			return nil, fmt.Errorf("%s has %d marks of recipes and %d blocks below one: %q", file, len(marks), len(blocks), marks)
		}
		for _, b := range blocks {
			if other, used := found[b[1]]; used {
				return nil, fmt.Errorf("%s and %s have a recipe %q", other.file, file, b[1])
			}
			found[b[1]] = recipe{file: file, language: b[2], text: b[3]}
		}
	}
	return found, nil
}

// runRecipe NAME runs the recipe of this name: sh as a user would paste it into bash, python by $PYTHON, go as the main
// package of the module in the current folder.
func runRecipe(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: run-recipe NAME")
	}
	all, err := recipes(of(ts).repository)
	ts.Check(err)
	r, ok := all[args[0]]
	if !ok {
		ts.Fatalf("no document has a recipe %q", args[0])
	}
	argv := []string{"bash", "-c", r.text}
	switch r.language {
	case "python":
		argv[0] = ts.Getenv("PYTHON")
	case "go":
		ts.Check(os.WriteFile(ts.MkAbs("main.go"), []byte(r.text), 0o600))
		argv = []string{"go", "run", "."}
	}
	keystoretest.Need(of(ts), argv[0], argv[0])
	if err := ts.Exec(argv[0], argv[1:]...); (err != nil) != neg {
		ts.Fatalf("recipe %s of %s: %v", args[0], r.file, err)
	}
}

// Each recipe of the manual is run by a script, and each that a script runs is there.
func TestEachRecipeIsRun(t *testing.T) {
	t.Parallel()
	all, err := recipes(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	run := regexp.MustCompile(`(?m)^(?:\[[^]]*\] *)*(?:! *)?run-recipe (\S+)$`)
	used := map[string]bool{}
	for _, script := range glob("testdata", "script", "*.txtar") {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range run.FindAllStringSubmatch(string(archive.Comment), -1) {
			used[m[1]] = true
			if _, ok := all[m[1]]; !ok {
				t.Errorf("%s runs the recipe %q, which no document has", script, m[1])
			}
		}
	}
	for name, r := range all {
		if !used[name] {
			t.Errorf("%s has the recipe %q, which no script runs", r.file, name)
		}
	}
}

// What a writer can get wrong is found.
func TestRecipesRefused(t *testing.T) {
	t.Parallel()
	good := "# x\n\n<!-- tested: a -->\n```sh\ntrue\n```\n"
	for name, docs := range map[string][]string{
		"":                      {good},
		"a name used twice":     {good, good},
		"a text below the mark": {"<!-- tested: a -->\ntrue\n"},
		"a line between":        {"<!-- tested: a -->\n\n```sh\ntrue\n```\n"},
		"no language":           {"<!-- tested: a -->\n```\ntrue\n```\n"},
		"another language":      {"<!-- tested: a -->\n```console\n$ true\n```\n"},
		"no end":                {"<!-- tested: a -->\n```sh\ntrue\n"},
		"no name":               {"<!-- tested: -->\n```sh\ntrue\n```\n"},
		"a mark in a list":      {"- x\n  <!-- tested: a -->\n  ```sh\n  true\n  ```\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.Mkdir(filepath.Join(root, "docs"), 0o700); err != nil {
				t.Fatal(err)
			}
			files := []string{"README.md", filepath.Join("docs", "x.md")}
			for i, text := range docs {
				if err := os.WriteFile(filepath.Join(root, files[i]), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found, err := recipes(root)
			if (err != nil) != (name != "") {
				t.Errorf("recipes %v, error %v", found, err)
			}
			if want := (recipe{file: "README.md", language: "sh", text: "true\n"}); name == "" && found["a"] != want {
				t.Errorf("%+v, want %+v", found["a"], want)
			}
		})
	}
	if !slices.ContainsFunc(manual(filepath.Join("..", "..")), func(f string) bool { return strings.HasSuffix(f, "clients.md") }) {
		t.Error("the manual has no docs/clients.md")
	}
}

// goModule lets go build in the current folder, as for a user whose caches have what this repository needs, without a
// network: it sets CHECKOUT, the repository, and writes go.mod and the sums.
func goModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: go-module")
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	ts.Check(err)
	caches := strings.Split(string(out), "\n")
	checkout := of(ts).repository
	for name, value := range map[string]string{
		"GOCACHE": caches[0], "GOMODCACHE": caches[1], "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local",
		"GOFLAGS": "-buildvcs=false", "CHECKOUT": checkout,
	} {
		ts.Setenv(name, value)
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("go.sum"), sums, 0o600))
	ts.Check(ts.Exec("go", "mod", "init", "example.test/program"))
}
