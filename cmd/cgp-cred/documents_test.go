package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cgp-cred/cmd/internal/scripttest"

	"github.com/spf13/cobra"
)

// documents returns the Markdown documents of the repository, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]string{}
	files := append(scripttest.Manual(root), scripttest.Glob(root, "[A-Z]*.md")...)
	for _, path := range append(files, scripttest.Glob(root, ".github", "*.md")...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.ToSlash(name)] = string(text)
	}
	return found
}

var (
	fence      = scripttest.Pattern("(?ms)^ *```.*?^ *```$")
	inlineCode = scripttest.Pattern("`[^`\n]+`")
)

// prose returns a document without its code.
func prose(text string) string {
	return inlineCode().ReplaceAllString(fence().ReplaceAllString(text, ""), "`code`")
}

// anchors returns the names that GitHub gives to a document's headings.
func anchors(text string) []string {
	var names []string
	for _, m := range heading().FindAllStringSubmatch(fence().ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r >= utf8.RuneSelf:
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		base := name
		for i := 1; slices.Contains(names, name); i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		names = append(names, name)
	}
	return names
}

// Links within the repository lead to a file that exists, and to a heading in it.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := documents(t)
	links := 0
	for name, text := range all {
		for _, m := range regexp.MustCompile(`\]\(([^()\s]+)\)`).FindAllStringSubmatch(prose(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			path, anchor, _ := strings.Cut(m[1], "#")
			target := name
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), path))
			}
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(target))); err != nil {
				t.Errorf("%s: the link %s: %v", name, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s: the link %s: %s has no such heading", name, m[1], target)
			}
		}
	}
	if links < 20 {
		t.Errorf("%d links are found", links)
	}
	for file := range all {
		if strings.HasPrefix(file, "docs/") && !strings.Contains(all["README.md"], "("+file+")") {
			t.Errorf("README.md has no link to %s", file)
		}
	}
}

// Lines have at most 120 columns. The output of programs, the changelog and the table of threats may be wider.
func TestDocumentsFit(t *testing.T) {
	t.Parallel()
	output := regexp.MustCompile("(?ms)^ *```console\n.*?^ *```$")
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue
		}
		if name == "SECURITY.md" {
			text = threatRow().ReplaceAllString(text, "")
		}
		for line := range strings.SplitSeq(output.ReplaceAllString(text, ""), "\n") {
			if n := utf8.RuneCountInString(line); n > 120 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
	for name, text := range documents(t) {
		for line := range strings.SplitSeq(fence().ReplaceAllString(text, ""), "\n") {
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%s: code continues in the next line: %s", name, line)
			}
		}
	}
	if lines := strings.Count(documents(t)["README.md"], "\n"); lines > 130 {
		t.Errorf("README.md has %d lines: move what a new user does not need in the first hour to docs", lines)
	}
}

// commandLine is cgp-cred with its arguments, up to the end of the command.
var commandLine = scripttest.Pattern(`(?:^|[\s(;&|"'])cgp-cred ((?:[^|;&()<>#` + "`" + `\n"']|"[^"\n]*"|'[^'\n]*')+)`)

// otherCode is a block of code in a language without command lines.
var otherCode = scripttest.Pattern("^```(?:java|csharp|perl|ruby|php|rust)\n")

// quotedWord is a quoted argument.
var quotedWord = scripttest.Pattern(`"[^"]*"|'[^']*'`)

// Command lines in documents are valid: the program has the command and each of the flags.
func TestDocumentsCallTheProgram(t *testing.T) {
	t.Parallel()
	root := rootCommand(&app{}, nil)
	root.InitDefaultHelpCmd()
	checked := 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" { // it describes old versions too
			continue
		}
		for _, code := range append(fence().FindAllString(text, -1), inlineCode().FindAllString(text, -1)...) {
			if otherCode().MatchString(code) {
				continue // its comments and messages name the program, and its commands are lists
			}
			for line := range strings.SplitSeq(strings.Trim(code, "`"), "\n") {
				for _, m := range commandLine().FindAllStringSubmatch(line, -1) {
					checked++
					words := strings.Fields("cgp-cred " + quotedWord().ReplaceAllString(m[1], "x"))
					if problem := checkCommandLine(root, dispatch(words)); problem != "" {
						t.Errorf("%s: cgp-cred %s: %s", name, strings.TrimSpace(m[1]), problem)
					}
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("%d command lines are found", checked)
	}
}

// checkCommandLine returns what is wrong with the words after cgp-cred, or nothing.
func checkCommandLine(root *cobra.Command, words []string) string {
	cmd := root
	for len(words) > 0 {
		next := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == words[0] })
		if next < 0 {
			break
		}
		cmd, words = cmd.Commands()[next], words[1:]
	}
	if cmd == root && len(words) > 0 && regexp.MustCompile(`^[a-z]+$`).MatchString(words[0]) {
		return "the command is unknown"
	}
	for _, word := range words {
		flag, _, _ := strings.Cut(word, "=")
		switch {
		case word == "--": // the rest belongs to another program
			return ""
		case flag == "--help", flag == "-h":
		case strings.HasPrefix(flag, "--") && cmd.Flag(flag[2:]) == nil:
			return "unknown flag " + flag
		}
	}
	return ""
}

// A mistake in a command line is found.
func TestCheckCommandLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"get --format curl":                    "",
		"get --formt curl":                     "unknown flag --formt",
		"gte":                                  "the command is unknown",
		"clients install python --httpie":      "",
		"clients install python --pip":         "unknown flag --pip",
		"exec --stdin -- curl --silent":        "",
		"exec --silent -- curl":                "unknown flag --silent",
		"--timeout=5s get":                     "",
		"store NAME --host=HOST --ca-file x":   "",
		"simulate --fault row22 --faults x":    "unknown flag --faults",
		"demo --yes":                           "unknown flag --yes",
		"credential get|store|erase|capabilit": "",
	} {
		if got := checkCommandLine(rootCommand(&app{}, nil), strings.Fields(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// docs/security.md names each module of go.mod.
func TestLicencesHaveEachModule(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+`).FindAllStringSubmatch(string(raw), -1) {
		modules = append(modules, m[1])
	}
	slices.Sort(modules)
	named := readPage(t, "docs", "security.md").cells(t, "Licences and dependencies")
	slices.Sort(named)
	if diff := difference(modules, named); diff != "" || len(modules) == 0 {
		t.Errorf("modules (-go.mod +security.md):\n%s", diff)
	}
}

// CONTRIBUTING.md lists each verb of the scripts, sorted, and no other.
func TestContributingHasEachVerb(t *testing.T) {
	t.Parallel()
	var named []string
	table := readPage(t, "CONTRIBUTING.md")["Verbs of the scripts"]
	for _, m := range regexp.MustCompile("(?m)^\\| `([\\w-]+)").FindAllStringSubmatch(table, -1) {
		named = append(named, m[1])
	}
	if diff := difference(scripttest.Verbs(), named); diff != "" {
		t.Errorf("verbs (-scripts +CONTRIBUTING.md):\n%s", diff)
	}
}

// CONTRIBUTING.md names targets of the Makefile.
func TestContributingNamesTargets(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue
		}
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z]+)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s: there is no make %s", name, m[1])
			}
		}
	}
}
