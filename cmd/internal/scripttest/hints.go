package scripttest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// CheckCommand is what is wrong with the arguments of cgp-cred in a hint, or nil. The package of the program sets it.
var CheckCommand func(args []string) error

// follow-hints STATUS COMMAND... checks a failure as expect-failure does. Then, for each hint with a command, in the
// same state, it runs the hint's command as a user would paste it. That command is no usage error and changes nothing
// but what is cgp-cred's. Then COMMAND works, or says the next thing. Last, everything is put back.
//
// Words that a user replaces are replaced: FILE after --private-key by key.pem, after --api-key-file by apikey.txt; KID
// and NEWKID by hint-1; NAME by hinted; PROFILE by int; HOST by $HOST.
func followHints(ts *testscript.TestScript, neg bool, args []string) {
	expectFailure(ts, neg, args)
	first := ts.ReadFile("stderr")
	commands := hintCommands(first)
	if len(commands) == 0 {
		ts.Fatalf("no hint has a command: %s", first)
	}
	work := ts.Getenv("WORK")
	saved := filepath.Join(filepath.Dir(work), filepath.Base(work)+".saved")
	ts.Check(exec.Command("cp", "-a", work, saved).Run())
	defer func() { ts.Check(os.RemoveAll(saved)) }()
	for _, c := range commands {
		before := foreignFiles(ts, work)
		line := c.filled(ts.Getenv("HOST"))
		status := exitStatus(ts, ts.Exec("bash", "-c", line+" </dev/null"))
		said := ts.ReadFile("stderr")
		if status == 2 && strings.HasPrefix(line, "cgp-cred") {
			ts.Fatalf("the hint %q is a usage error: %s", line, said)
		}
		if diff := changed(before, foreignFiles(ts, work)); diff != "" {
			ts.Fatalf("the hint %q changed what is not cgp-cred's: %s", line, diff)
		}
		again := exitStatus(ts, ts.Exec(args[1], args[2:]...))
		meant := strings.Fields(line)[1] // the command that was meant, or the better one
		corrected := status == 0 && (slices.Contains(args, meant) || slices.Contains(args, "keygen") && meant == "rotate")
		if again != 0 && ts.ReadFile("stderr") == first && !c.looks() && !corrected {
			ts.Fatalf("after the hint %q, which ended with %d and %q, the command says the same: %s", line,
				status, said, first)
		}
		ts.Check(putBack(saved, work))
	}
}

// hintCommand is a command line in a hint.
type hintCommand string

// ownWords are the words after cgp-cred that are no command: a hint may also speak of the program.
var ownWords = []string{"as", "on", "to", "is", "can", "cannot", "can't", "could", "holds", "keeps", "with"}

// shellCommand is a command of the system that a hint may begin with.
var shellCommand = regexp.MustCompile(
	`^(?:sudo )?(?:chmod|chown|setfacl|rm|mv|cp|mkdir|unset|export|ls|df|openssl|ulimit) `)

// ownCommand begins a command of cgp-cred.
var ownCommand = regexp.MustCompile("(?:^|[ `(])cgp-cred ")

// hintEnd ends a command in a hint that continues.
var hintEnd = regexp.MustCompile("`|, |; | \\| | \\(|\\)| or | and | if |: |, which|\\?$")

// HintCommands returns the command lines in the hints of a message.
func HintCommands(stderr string) []string {
	var list []string
	for _, c := range hintCommands(stderr) {
		list = append(list, string(c))
	}
	return list
}

// hintCommands does as HintCommands.
func hintCommands(stderr string) []hintCommand {
	var list []hintCommand
	for line := range strings.Lines(stderr) {
		hint, ok := strings.CutPrefix(strings.TrimSpace(line), "hint: ")
		if !ok {
			continue
		}
		for _, part := range strings.SplitAfter(hint, ": ") { // what is to be done, a colon, the command
			if shellCommand.MatchString(part) {
				text := strings.TrimSuffix(strings.TrimSuffix(part, ": "), ")")
				list = append(list, hintCommand(text))
			}
		}
		for _, begin := range ownCommand.FindAllStringIndex(hint, -1) {
			text := hint[begin[1]:]
			if end := hintEnd.FindStringIndex(text); end != nil {
				text = text[:end[0]]
			}
			if words := strings.Fields(text); len(words) > 0 && !slices.Contains(ownWords, words[0]) {
				list = append(list, hintCommand("cgp-cred "+text))
			}
		}
	}
	return list
}

// CheckHints returns what is wrong with the commands in the hints of a message: arguments that cgp-cred does not take,
// or a change of a file that is not cgp-cred's.
func CheckHints(stderr string) error {
	for _, c := range hintCommands(stderr) {
		words := splitWords(string(c))
		switch {
		case words[0] == "chmod" && words[1] == "go=": // a secret file that the user named
		case words[0] == "cgp-cred":
			if err := CheckCommand(words[1:]); err != nil {
				return fmt.Errorf("hint %q: %w", c, err)
			}
		case slices.Contains([]string{"sudo", "chmod", "chown", "setfacl", "rm", "mv", "cp"}, words[0]):
			for _, w := range words[1:] {
				if strings.HasPrefix(w, "/") && !strings.Contains(w, "cgp-cred") {
					return fmt.Errorf("hint %q changes what is not cgp-cred's", c)
				}
			}
		}
	}
	return nil
}

// splitWords splits a command line as a shell does, with single and double quotes.
func splitWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && r == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

var showing = regexp.MustCompile(`^(?:ls|df|cgp-cred (?:status|list|doctor|jwks|help|version|[a-z]+ --help))\b`)

// looks reports whether a command only shows something, so that the failure stays.
func (c hintCommand) looks() bool {
	return showing.MatchString(string(c))
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
			words[i] = host
		case w == "COMMAND":
			words[i] = "true"
		case w == "sudo", strings.HasPrefix(w, "["): // and what may be left out
			words[i] = ""
		}
	}
	if len(words) > 2 && words[1] == "store" && !slices.Contains(words, "--api-key-file") {
		words = append(words, "--api-key-file", "apikey.txt") // at a terminal it would be asked for
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
