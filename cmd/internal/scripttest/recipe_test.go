package scripttest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"

	"github.com/rogpeppe/go-internal/txtar"
)

const repository = "../../.."

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }

// Each recipe of the manual is run by a script, and each that a script runs is in the manual.
func TestEachRecipeIsRun(t *testing.T) {
	t.Parallel()
	all, err := recipes(repository)
	if err != nil {
		t.Fatal(err)
	}
	run := regexp.MustCompile(`(?m)^(?:\[[^]]*\] *)*(?:! *)?(?:igv )?(?:run|write)-recipe (\S+)(?: \S+)?$`)
	used := map[string]bool{}
	for _, script := range Glob(repository, "cmd", "cgp-cred", "testdata", "*", "*.txtar") {
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
	// The tests of clusters run some as jobs.
	called := regexp.MustCompile(`\bRecipe\(t, repository, "([^"]+)"\)`)
	for _, file := range Glob(repository, "cmd", "internal", "nodes", "*_test.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range called.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
		}
	}
	for name, r := range all {
		if !used[name] {
			t.Errorf("%s has the recipe %q, which no script runs", r.file, name)
		}
	}
}

// Mistakes of a writer are found.
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
	if !slices.ContainsFunc(Manual(repository), func(f string) bool { return strings.HasSuffix(f, "clients.md") }) {
		t.Error("the manual has no docs/clients.md")
	}
}
