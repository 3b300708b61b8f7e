package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/cmd/internal/scripttest"
	"cgp-cred/helper/wire"
)

// page is a Markdown document, split at its headings.
type page map[string]string // a heading's text, and what is below it up to the next one

var heading = scripttest.Pattern(`(?m)^#{1,6} (.+)$`)

func readPage(t *testing.T, parts ...string) page {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	p := page{}
	text := string(raw)
	all := heading().FindAllStringSubmatchIndex(text, -1)
	for i, m := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1][0]
		}
		p[text[m[2]:m[3]]] = text[m[1]:end]
	}
	return p
}

// cells returns the code of the first column of the tables in a section, whose heading must be there.
func (p page) cells(t *testing.T, title string) []string {
	t.Helper()
	section, ok := p[title]
	if !ok {
		t.Fatalf("there is no heading %q", title)
	}
	var found []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\S[^|]*) \|`).FindAllStringSubmatch(section, -1) {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			found = append(found, code[1])
		}
	}
	return found
}

// firstWords returns the first word of each cell, sorted: a flag without the name of its value.
func firstWords(cells []string) []string {
	var words []string
	for _, c := range cells {
		words = append(words, strings.Fields(c)[0])
	}
	slices.Sort(words)
	return words
}

// flagNames returns the flags of a set, as a table names them.
func flagNames(set *pflag.FlagSet) []string {
	var names []string
	set.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			names = append(names, "--"+f.Name)
			if f.Shorthand != "" {
				names = append(names, "-"+f.Shorthand)
			}
		}
	})
	slices.Sort(names)
	return names
}

// visible returns the commands that can be run and are in the help, by their heading in the reference.
func visible(cmd *cobra.Command) map[string]*cobra.Command {
	found := map[string]*cobra.Command{}
	for _, c := range cmd.Commands() {
		if c.Hidden {
			continue
		}
		if c.Runnable() && !c.HasSubCommands() {
			found[strings.TrimPrefix(c.CommandPath(), "cgp-cred ")] = c
		}
		maps.Copy(found, visible(c))
	}
	return found
}

// docs/reference.md has each command with its synopsis, each flag, and nothing else.
func TestReferenceHasEachCommand(t *testing.T) {
	t.Parallel()
	p := readPage(t, "docs", "reference.md")
	root := rootCommand(&app{}, nil)
	root.InitDefaultHelpCmd()
	commands := visible(root)
	for title, c := range commands {
		line := strings.TrimSuffix(c.UseLine(), " [flags]")
		if !strings.Contains(p[title], "\n```text\n"+line+"\n```\n") {
			t.Errorf("%s: no synopsis %q", title, line)
		}
		want := flagNames(c.NonInheritedFlags())
		if diff := difference(want, firstWords(p.cells(t, title))); diff != "" {
			t.Errorf("%s: flags (-program +reference):\n%s", title, diff)
		}
	}
	want := append(flagNames(root.PersistentFlags()), "--help", "-h")
	slices.Sort(want)
	if diff := difference(want, firstWords(p.cells(t, "Flags of every command"))); diff != "" {
		t.Errorf("every command: flags (-program +reference):\n%s", diff)
	}
	for title, text := range p {
		if strings.Contains(text, "```text\n") && commands[title] == nil && title != upstreamName {
			t.Errorf("%q is not a command", title)
		}
	}
	var options []string
	for _, m := range regexp.MustCompile(`(?m)^  (-\w+), (--\w+)`).FindAllStringSubmatch(upstreamHelp, -1) {
		options = append(options, m[1], m[2])
	}
	slices.Sort(options)
	if diff := difference(options, firstWords(p.cells(t, upstreamName))); diff != "" || len(options) == 0 {
		t.Errorf("%s: options (-program +reference):\n%s", upstreamName, diff)
	}
}

// docs/reference.md has each format, exit status, check of doctor and environment variable, and nothing else.
func TestReferenceHasEachName(t *testing.T) {
	t.Parallel()
	p := readPage(t, "docs", "reference.md")
	if diff := difference(wire.Formats, p.cells(t, "Formats of get")); diff != "" {
		t.Errorf("formats (-program +reference):\n%s", diff)
	}
	var statuses []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(p["Exit statuses"], -1) {
		statuses = append(statuses, m[1])
	}
	if diff := difference(exitConstants(t), statuses); diff != "" {
		t.Errorf("exit statuses (-program +reference):\n%s", diff)
	}
	if checks := doctorChecks(t); !strings.Contains(strings.ReplaceAll(p["doctor"], "\n", " "), ": "+checks+".") {
		t.Errorf("doctor: the checks are %s", checks)
	}
	var own, other []string
	for _, name := range p.cells(t, "Environment") {
		if strings.HasPrefix(name, ownVariables) {
			own = append(own, name)
		} else if regexp.MustCompile(`^[A-Z_]+$`).MatchString(name) {
			other = append(other, name)
		}
	}
	slices.Sort(own)
	slices.Sort(other)
	ownRead, otherRead := variablesRead(t)
	if diff := difference(ownRead, own); diff != "" {
		t.Errorf("variables (-product +reference):\n%s", diff)
	}
	for _, name := range otherRead {
		if !slices.Contains(other, name) {
			t.Errorf("the product reads %s, which the reference does not have", name)
		}
	}
}

// doctorChecks returns the names of doctor's checks, in their order.
func doctorChecks(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "helper", "doctor", "doctor.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	check := regexp.MustCompile(`(?m)^\t\t\{"([a-z-]+)", .*\(\*\w+\)`)
	for _, m := range check.FindAllStringSubmatch(string(source), -1) {
		names = append(names, m[1])
	}
	if len(names) == 0 {
		t.Error("no check of doctor was found")
	}
	return strings.Join(names, ", ")
}

// exitConstants returns the values of the constants that are exit statuses, sorted.
func exitConstants(t *testing.T) []string {
	t.Helper()
	var values []string
	for _, file := range scripttest.Glob("*.go") {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "exit") {
				return true
			}
			if v, ok := spec.Values[0].(*ast.BasicLit); ok && v.Kind == token.INT {
				values = append(values, v.Value)
			}
			return true
		})
	}
	slices.Sort(values)
	return values
}

// variablesRead returns the environment variables that the product reads: cgp-cred's own, by their prefix, and
// others, by the calls that read them.
func variablesRead(t *testing.T) (own, other []string) {
	t.Helper()
	ownName := regexp.MustCompile(`\b` + ownVariables + `[A-Z]+(?:_[A-Z]+)*\b`)
	asked := regexp.MustCompile(`(?:Getenv|LookupEnv)\("([A-Z_]+)"\)`)
	for _, text := range productTexts(t) {
		own = append(own, ownName.FindAllString(text, -1)...)
		for _, m := range asked.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], ownVariables) {
				other = append(other, m[1])
			}
		}
	}
	for _, secret := range []string{"API_KEY", "BUNDLE", "PRIVATE_KEY"} {
		own = append(own, ownVariables+secret+"_FILE") // the code composes this name
	}
	slices.Sort(own)
	slices.Sort(other)
	return slices.Compact(own), slices.Compact(other)
}

// productTexts returns the product's sources, without tests and their helpers.
func productTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	add := func(path string) error {
		text, err := os.ReadFile(path)
		texts = append(texts, string(text))
		return err
	}
	for _, root := range []string{".", filepath.Join("..", "..", "helper"), filepath.Join("..", "..", "keystore")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && slices.Contains([]string{"testdata", "tests", "keystoretest", "clientstest"}, d.Name()):
				return fs.SkipDir
			case strings.HasSuffix(path, "_test.go"), d.Name() == "man.go": // only in the build for manual pages
				return nil
			case !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".py"):
				return nil
			}
			return add(path)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := add(filepath.Join("..", "..", "install.sh")); err != nil {
		t.Fatal(err)
	}
	return texts
}
