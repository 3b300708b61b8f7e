package scripttest

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// followAll makes expect-failure follow the hints of every failure, and append what does not help to a file. Scripts
// that count requests then fail.
var followAll = flag.String("follow-hints", "", "`FILE` for hints of expect-failure that do not help")

// follow-hints STATUS COMMAND... checks a failure as expect-failure does. Then, for each hint with a command, in the
// same state, it runs the hint's command as a user would paste it. That command is no usage error and changes nothing
// but what is cgp-cred's. Then COMMAND works, or says the next thing. Last, everything is put back.
//
// Words that a user replaces are replaced: FILE after --private-key by key.pem, after --api-key-file by apikey.txt; KID
// and NEWKID by hint-1; NAME by hinted; PROFILE by int; HOST by $HOST.
func followHints(ts *testscript.TestScript, neg bool, args []string) {
	expectFailure(ts, neg, args)
	first := ts.ReadFile("stderr")
	if len(hintCommands(first)) == 0 {
		ts.Fatalf("no hint has a command: %s", first)
	}
	if problems := follow(ts, args[1:], first); len(problems) > 0 {
		ts.Fatalf("%s\nof: %s", strings.Join(problems, "\n"), first)
	}
}

// noteHints follows the hints of a failure if the flag is set.
func noteHints(ts *testscript.TestScript, argv []string, first string) {
	if *followAll == "" || len(hintCommands(first)) == 0 {
		return
	}
	f, err := os.OpenFile(*followAll, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	ts.Check(err)
	defer f.Close() //nolint:errcheck // a diagnosis
	for _, problem := range follow(ts, argv, first) {
		_, err := fmt.Fprintf(f, "%s: %q: %s\n", ts.Name(), argv, problem)
		ts.Check(err)
	}
}

// follow runs the commands in the hints of a failure, and returns what is wrong with them.
func follow(ts *testscript.TestScript, argv []string, first string) (problems []string) {
	work := ts.Getenv("WORK")
	saved := filepath.Join(filepath.Dir(work), filepath.Base(work)+".saved")
	ts.Check(exec.Command("cp", "-a", work, saved).Run())
	defer func() { ts.Check(os.RemoveAll(saved)) }()
	for _, c := range hintCommands(first) {
		provide(ts)
		before := foreignFiles(ts, work)
		line := c.filled(ts.Getenv("HOST"))
		status, said := outcomeOf(ts, "bash", "-c", line+" </dev/null")
		switch {
		case status == 2 && strings.HasPrefix(line, "cgp-cred"):
			problems = append(problems, fmt.Sprintf("the hint %q is a usage error: %s", line, said))
		case changed(before, foreignFiles(ts, work)) != "":
			problems = append(problems, fmt.Sprintf("the hint %q changed what is not cgp-cred's: %s", line,
				changed(before, foreignFiles(ts, work))))
		}
		again, text := outcomeOf(ts, argv[0], argv[1:]...)
		meant := append(strings.Fields(line), "")[1] // the command that was meant, or the better one
		corrected := status == 0 &&
			(slices.Contains(argv, meant) || slices.Contains(argv, "keygen") && meant == "rotate")
		if again != 0 && text == first && !c.looks() && !corrected {
			problems = append(problems, fmt.Sprintf(
				"after the hint %q, which ended with %d and %q, the command says the same", line, status, said))
		}
		ts.Check(putBack(saved, work))
	}
	return problems
}

// provide makes the files that a user would name, if the script has none.
func provide(ts *testscript.TestScript) {
	if _, err := os.Stat(ts.MkAbs("key.pem")); err != nil {
		writePEM(ts, false, []string{"2048", "key.pem"})
	}
	if _, err := os.Stat(ts.MkAbs("apikey.txt")); err != nil {
		ts.Check(os.WriteFile(ts.MkAbs("apikey.txt"), []byte("an-api-key-of-a-hint\n"), 0o600))
	}
}

// outcomeOf runs a command next to the script, whose own stdout and stderr stay as they are.
func outcomeOf(ts *testscript.TestScript, name string, args ...string) (status int, stderr string) {
	cmd := command(ts, name, args...)
	var text bytes.Buffer
	cmd.Stderr = &text
	if err := cmd.Run(); cmd.ProcessState == nil {
		return 127, err.Error()
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

var showing = Pattern(`^(?:ls|df|cgp-cred (?:status|list|doctor|jwks|help|version|[a-z]+ --help))\b`)

// looks reports whether a command only shows something, so that the failure stays.
func (c hintCommand) looks() bool {
	return showing().MatchString(string(c))
}

// filled returns the command with values for the words that a user replaces.
func (c hintCommand) filled(host string) string {
	words := strings.Split(string(c), " ")
	for i, w := range words {
		switch {
		case w == "FILE" && i > 0 && words[i-1] == "--private-key":
			words[i] = "key.pem"
		case w == "FILE" && i > 0 && words[i-1] == "--api-key-file":
			words[i] = "apikey.txt"
		case w == "KID", w == "NEWKID":
			words[i] = "hint-1"
		case w == "NAME":
			words[i] = "hinted"
		case w == "PROFILE":
			words[i] = "int"
		case w == "HOST":
			words[i] = cmp.Or(host, "int")
		case w == "COMMAND":
			words[i] = "true"
		case w == "sudo", strings.HasPrefix(w, "["): // and what may be left out
			words[i] = ""
		}
	}
	if len(words) > 2 && words[1] == "store" && !slices.Contains(words, "--api-key-file") {
		words = append(words, "--api-key-file", "apikey.txt") // at a terminal it would be asked for
	}
	if len(words) > 2 && (words[1] == "keygen" || words[1] == "rotate" && slices.Contains(words, "--kid")) &&
		!slices.ContainsFunc(words, func(w string) bool { return w == "--private-key" || w == "--signer" }) {
		words = append(words, "--bits", "2048") // one of 4096 takes seconds
	}
	if len(words) > 2 && words[1] == "logout" {
		words = append(words, "--yes")
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// foreignFiles returns what a script's folder holds that is not cgp-cred's: name, mode, owner and content.
func foreignFiles(ts *testscript.TestScript, work string) map[string]string {
	all := map[string]string{}
	ts.Check(filepath.WalkDir(work, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(work, path)
		if err != nil {
			return err
		}
		if strings.Contains(name, "cgp-cred") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if name == ".tmp" || strings.HasSuffix(name, ".log") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[name] = fmt.Sprint(info.Mode(), owner(info))
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(path)
			all[name] += string(raw)
			return err
		}
		return nil
	}))
	return all
}

// changed returns the first difference, without the content.
func changed(before, after map[string]string) string {
	for name, was := range before {
		if now, ok := after[name]; !ok || now != was {
			return name
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			return name
		}
	}
	return ""
}

// putBack makes a script's folder what it was, and keeps the folder itself, in which the script runs.
func putBack(saved, work string) error {
	entries, err := os.ReadDir(work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(work, e.Name())); err != nil {
			return err
		}
	}
	return exec.Command("cp", "-a", saved+"/.", work).Run()
}
