package clients

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
)

//go:embed where.py
var where string

// maxHead is how many bytes of a script are read to find its first two lines.
const maxHead = 4 << 10

// askTime limits how long an interpreter may run to answer.
const askTime = 30 * time.Second

// Interpreter is what a Python interpreter says about itself.
type Interpreter struct {
	Executable string `json:"executable"`
	Version    []int  `json:"version"`  // major, minor
	Packages   string `json:"packages"` // the folder for packages: the virtual environment's, otherwise the user's
	Problem    string `json:"problem"`  // why the interpreter does not search Packages; empty: it does
	Plugins    string `json:"plugins"`  // the folder for plugins of an HTTPie that it runs
	CGPClient  bool   `json:"cgpclient"`
}

// RunsCGPClient returns an error if the interpreter has no cgpclient, or would not find a package in its folder.
func (i Interpreter) RunsCGPClient() error {
	if !i.CGPClient {
		return badCGPClient(i.Executable)
	}
	return i.Searched()
}

// Searched returns an error if the interpreter would not find a package in its folder.
func (i Interpreter) Searched() error {
	if i.Problem == "" {
		return nil
	}
	return unsearched(i.Executable, i.Problem)
}

// Find runs a Python interpreter and returns what it says. name is a path or a name on PATH; if it is empty, Find takes
// the first one that will do of python3, python and, on Windows, its launcher py. The interpreter loads no module from
// the current folder, and ignores Python's environment variables (-E).
func Find(ctx context.Context, name string) (Interpreter, error) {
	names := []string{name}
	if name == "" {
		names = []string{"python3", "python"}
		if runtime.GOOS == "windows" {
			names = append(names, "py")
		}
	}
	var first error
	for _, n := range names {
		program, err := exec.LookPath(n)
		if err != nil {
			continue
		}
		i, err := interpreter(ctx, program)
		if err == nil {
			return i, nil
		}
		first = cmp.Or(first, err)
	}
	return Interpreter{}, cmp.Or(first, badPython(names[0], "it is not on PATH"))
}

// interpreter runs one interpreter, and checks what it says.
func interpreter(ctx context.Context, program string) (Interpreter, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return Interpreter{}, badPython(program, err.Error())
	}
	out, err := ask(ctx, program)
	if err != nil {
		return Interpreter{}, badPython(program, fmt.Sprintf("it did not report its folder for packages: %v", err))
	}
	var i Interpreter
	err = json.Unmarshal(out, &i)
	if err == nil && len(i.Version) == 2 && slices.Compare(i.Version, []int{3, 9}) < 0 {
		return Interpreter{}, badPython(program, fmt.Sprintf("it is Python %d.%d", i.Version[0], i.Version[1]))
	}
	if err != nil || len(i.Version) != 2 || !filepath.IsAbs(i.Plugins) ||
		!filepath.IsAbs(i.Packages) && i.Problem == "" {
		return Interpreter{}, badPython(program, "it did not report its folder for packages in the expected form")
	}
	return i, nil
}

// ask returns the last line that an interpreter prints: a start-up file of the user may print too.
func ask(ctx context.Context, program string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-E", "-c", where) //nolint:gosec // the interpreter that the user chose
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil && strings.Contains(strings.ToLower(filepath.ToSlash(program)), "/microsoft/windowsapps/") {
		return nil, errors.New("it is the Microsoft Store's placeholder for a Python that is not installed")
	}
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return lines[len(lines)-1], nil
}

// HTTPiePython returns the interpreter that runs the HTTPie on PATH: the one that the first line of "http" names.
func HTTPiePython() (string, error) {
	program, err := exec.LookPath("http")
	if err != nil {
		return "", badHTTPie("its program http is not on PATH")
	}
	head, err := disk.ReadHead(program, maxHead, nil)
	if err != nil {
		return "", badHTTPie(fmt.Sprintf("%q can't be read", program))
	}
	first, rest, _ := strings.Cut(string(head), "\n")
	second, _, _ := strings.Cut(rest, "\n")
	python := shebang(strings.TrimSuffix(first, "\r"), strings.TrimSuffix(second, "\r"))
	if python == "" {
		return "", badHTTPie(fmt.Sprintf("the first line of %q names no Python", program))
	}
	return python, nil
}

// shebang returns the Python that a script's first two lines name, or nothing. The first line names it directly or
// through env. For a path that is long or has a space, pip writes /bin/sh there and the path into the second line.
func shebang(first, second string) string {
	line, ok := strings.CutPrefix(first, "#!")
	if !ok {
		return ""
	}
	words := strings.Fields(line)
	switch {
	case len(words) == 1 && words[0] == "/bin/sh":
		rest, ok := strings.CutPrefix(second, `'''exec' `)
		if !ok {
			return ""
		}
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			python, _, _ := strings.Cut(quoted, `"`)
			return python
		}
		python, _, _ := strings.Cut(rest, " ")
		return python
	case len(words) > 1 && filepath.Base(words[0]) == "env":
		return words[len(words)-1]
	case strings.Contains(filepath.Base(line), "python"):
		return strings.TrimSpace(strings.SplitN(line, " -", 2)[0])
	}
	return ""
}
