package scripttest

import (
	"fmt"
	"slices"
	"strings"
)

// CheckCommand is what is wrong with the arguments of cgp-cred in a hint, or nil. The package of the program sets it.
var CheckCommand func(args []string) error

// hintCommand is a command line in a hint.
type hintCommand string

// ownWords are the words after cgp-cred that are no command: a hint may also speak of the program.
var ownWords = []string{"as", "on", "to", "is", "can", "cannot", "can't", "could", "holds", "keeps", "with"}

// shellCommand is a command of the system that a hint may begin with.
var shellCommand = Pattern(
	`^(?:sudo )?(?:chmod|chown|setfacl|rm|mv|cp|mkdir|unset|export|ls|df|openssl|ulimit) `)

// ownCommand begins a command of cgp-cred.
var ownCommand = Pattern("(?:^|[ `(])cgp-cred ")

// hintEnd ends a command in a hint that continues.
var hintEnd = Pattern("`|, |; | \\| | \\(|\\)| or | and | if |: |, which|\\?$")

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
			if shellCommand().MatchString(part) {
				text := strings.TrimSuffix(strings.TrimSuffix(part, ": "), ")")
				list = append(list, hintCommand(text))
			}
		}
		for _, begin := range ownCommand().FindAllStringIndex(hint, -1) {
			text := hint[begin[1]:]
			if end := hintEnd().FindStringIndex(text); end != nil {
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
