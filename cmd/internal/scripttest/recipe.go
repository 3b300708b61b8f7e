package scripttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// recipe is a block of a document below <!-- tested: NAME -->.
type recipe struct {
	file     string // relative to the repository
	language string // the word after its fence, one of recipeLanguages
	text     string
}

var (
	recipeMark  = Pattern(`(?m)^ *<!-- *tested:.*$`)
	recipeBlock = Pattern("(?ms)^<!-- tested: (\\S+) -->\n```(" + recipeLanguages + ")\n(.*?)^```$")
)

// recipeLanguages are the languages that a recipe may be in. run-recipe runs the first four; of the others
// write-recipe makes a file.
const recipeLanguages = "sh|python|go|r|bru|http|js|ts|java|csharp|perl|ruby|php|rust|toml"

// Manual returns the documents for users: README.md and all of docs.
func Manual(repository string) []string {
	return append(Glob(repository, "README.md"), Glob(repository, "docs", "*.md")...)
}

// recipes returns the recipes of the manual by name. A mark without a block, or a name that is used twice, is an error.
func recipes(repository string) (map[string]recipe, error) {
	found := map[string]recipe{}
	for _, path := range Manual(repository) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := filepath.Rel(repository, path)
		if err != nil {
			return nil, err
		}
		blocks := recipeBlock().FindAllStringSubmatch(string(text), -1)
		if marks := recipeMark().FindAllString(string(text), -1); len(marks) != len(blocks) {
			return nil, fmt.Errorf("%s has %d marks of recipes, and %d blocks below one: %q",
				file, len(marks), len(blocks), marks)
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

// Recipe returns the text of a recipe for a test that runs it in another way than run-recipe. A test finds the calls.
func Recipe(t testing.TB, repository, name string) string {
	t.Helper()
	return recipeNamed(t, repository, name).text
}

// recipeNamed returns a recipe of the manual.
func recipeNamed(t testing.TB, repository, name string) recipe {
	t.Helper()
	all, err := recipes(repository)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := all[name]
	if !ok {
		t.Fatalf("no document has a recipe %q", name)
	}
	return r
}

// write-recipe NAME FILE writes a recipe into a file, for a program that is run in another way than run-recipe runs it.
func writeRecipe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: write-recipe NAME FILE")
	}
	text := Recipe(of(ts), of(ts).repository, args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// run-recipe NAME runs a recipe: sh in bash, as a user would paste it, python with $PYTHON, r with Rscript, and go as
// the main package of the module in the current folder.
func runRecipe(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: run-recipe NAME")
	}
	r := recipeNamed(of(ts), of(ts).repository, args[0])
	argv := []string{"bash", "-c", r.text}
	switch r.language {
	case "sh":
	case "python":
		argv[0] = ts.Getenv("PYTHON")
	case "r":
		ts.Check(os.WriteFile(ts.MkAbs("recipe.R"), []byte(r.text), 0o600))
		argv = []string{"Rscript", "recipe.R"}
	case "go":
		ts.Check(os.WriteFile(ts.MkAbs("main.go"), []byte(r.text), 0o600))
		argv = []string{"go", "run", "."}
	default:
		ts.Fatalf("run-recipe runs no recipe in %s: use write-recipe", r.language)
	}
	keystoretest.Need(of(ts), argv[0], argv[0])
	if err := ts.Exec(argv[0], argv[1:]...); (err != nil) != neg {
		ts.Fatalf("recipe %s of %s: %v", args[0], r.file, err)
	}
}
