// Package securitytest is a /usr/bin/security for tests. It reads its arguments, and the lines of -i, as Apple's does,
// keeps generic passwords in a folder, and fails, hangs or makes a noise when a test says so.
package securitytest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/printable"
)

// Folder is the variable with the folder of the items. The program runs only with it.
const Folder = "FAKE_SECURITY_FOLDER"

// Fault is the name of a file in the folder of the items that says what happens to each command: "status N", "hang",
// "noise" (stderr, and then as without), "long" (too much output) or "silent" (success, and nothing is done).
const Fault = "fault"

// IsChild reports whether this process is to be the program.
func IsChild() bool { return os.Getenv(Folder) != "" }

// Main is the program, for a test binary with several.
func Main() { os.Exit(Run()) }

// Program makes a program that keeps its items in folder: a script that becomes this test binary, whose TestMain calls
// [Run] if [IsChild].
func Program(t *testing.T, folder string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "security")
	text := "#!/bin/sh\n" + Folder + "=" + printable.Shell(folder) + " exec " + printable.Shell(self) + " \"$@\"\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs the command of this process's arguments, and returns its exit status.
func Run() int {
	f := fake{os.Getenv(Folder), os.Stdin, os.Stdout, os.Stderr}
	if f.folder == "" {
		fmt.Fprintln(os.Stderr, Folder+" is not set")
		return 1
	}
	if err := f.note("pids", strconv.Itoa(os.Getpid())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if len(os.Args) == 2 && os.Args[1] == "-i" {
		return f.lines() & 0xff
	}
	return f.run(os.Args[1:]) & 0xff
}

type fake struct {
	folder        string
	in            io.Reader
	stdout, error io.Writer
}

// note adds a line to a file of the folder.
func (f fake) note(file, line string) error {
	w, err := os.OpenFile(filepath.Join(f.folder, file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, line+"\n")
	return errors.Join(err, w.Close())
}

// maxLine is Apple's MAX_LINE_LEN: fgets reads one byte less, and what is left is the next line.
const maxLine = 4096

// lines runs the commands of stdin, and returns the status of the last one.
func (f fake) lines() (status int) {
	in := bufio.NewReader(f.in)
	for {
		var line []byte
		for len(line) < maxLine-1 {
			c, err := in.ReadByte()
			if err != nil {
				break
			}
			if line = append(line, c); c == '\n' {
				break
			}
		}
		if len(line) == 0 {
			return status
		}
		if words := split(strings.TrimSuffix(string(line), "\n")); len(words) > 0 {
			if status = f.run(words); status != 0 {
				fmt.Fprintf(f.error, "%s: returned %d\n", words[0], status)
			}
		}
	}
}

// split returns the words of a line. A backslash escapes in both kinds of quotes, and a closing quote ends the word.
func split(line string) (words []string) {
	for i := 0; i < len(line); {
		if c := line[i]; c == ' ' || c == '\t' {
			i++
			continue
		}
		end := " \t"
		if line[i] == '"' || line[i] == '\'' {
			end = line[i : i+1]
			i++
		}
		var word strings.Builder
		for ; i < len(line) && !strings.Contains(end, line[i:i+1]); i++ {
			if line[i] == '\\' && i+1 < len(line) {
				i++
			}
			word.WriteByte(line[i])
		}
		i++
		words = append(words, word.String())
	}
	return words
}

const (
	usage     = 2
	notFound  = 44
	duplicate = 45
)

// run runs one command.
func (f fake) run(words []string) int {
	text, _ := os.ReadFile(filepath.Join(f.folder, Fault))
	kind, number, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	switch kind {
	case "status":
		status, _ := strconv.Atoi(number)
		fmt.Fprintln(f.error, "security: SecKeychain: it failed, says the fake one")
		return status
	case "hang":
		_ = f.note("hanging", strconv.Itoa(os.Getpid()))
		time.Sleep(time.Hour)
	case "noise":
		fmt.Fprintln(f.error, "objc[7]: Class X is implemented in both A and B. go-keyring-base64:bm9pc2U=")
	case "long":
		fmt.Fprint(f.stdout, strings.Repeat("x", 1<<20))
		return 0
	case "silent":
		return 0
	}
	if len(words) == 0 {
		return f.usage("security")
	}
	switch words[0] {
	case "add-generic-password":
		return f.add(words)
	case "find-generic-password":
		return f.find(words)
	case "delete-generic-password":
		return f.remove(words)
	}
	fmt.Fprintf(f.error, "security: unknown command %q\n", words[0])
	return f.usage("security")
}

func (f fake) usage(name string) int {
	fmt.Fprintf(f.error, "Usage: %s [options...]\n", name)
	return usage
}

// options reads options as getopt does: -wa NAME is -w -a NAME.
func options(words []string, valued string) (got map[byte]string, ok bool) {
	got = make(map[byte]string)
	for i := 1; i < len(words); i++ {
		word := words[i]
		if len(word) < 2 || word[0] != '-' {
			return got, i == len(words)-1 // a keychain
		}
		for j := 1; j < len(word); j++ {
			switch c := word[j]; {
			case !strings.ContainsRune(valued, rune(c)):
				got[c] = ""
			case j+1 < len(word):
				got[c], j = word[j+1:], len(word)
			case i+1 < len(words):
				i++
				got[c] = words[i]
			default:
				return nil, false
			}
		}
	}
	return got, true
}

// path returns the file of an item.
func (f fake) path(o map[byte]string) string {
	name := sha256.Sum256([]byte(o['s'] + "\x00" + o['a']))
	return filepath.Join(f.folder, hex.EncodeToString(name[:])+".item")
}

func (f fake) add(words []string) int {
	o, ok := options(words, "saw")
	if !ok {
		return f.usage(words[0])
	}
	if _, update := o['U']; !update {
		if _, err := os.Stat(f.path(o)); err == nil {
			fmt.Fprintln(f.error, "security: SecKeychainItemCreateFromContent: The specified item already exists.")
			return duplicate
		}
	}
	draft := f.path(o) + strconv.Itoa(os.Getpid())
	if os.WriteFile(draft, []byte(o['w']), 0o600) != nil || os.Rename(draft, f.path(o)) != nil {
		return 1
	}
	return 0
}

func (f fake) find(words []string) int {
	o, ok := options(words, "sa")
	if !ok {
		return f.usage(words[0])
	}
	value, err := os.ReadFile(f.path(o))
	if err != nil {
		return f.missing(err)
	}
	if slices.ContainsFunc(value, func(c byte) bool { return c < ' ' || c > '~' }) {
		value = []byte(hex.EncodeToString(value))
	}
	fmt.Fprintf(f.stdout, "%s\n", value)
	return 0
}

func (f fake) remove(words []string) int {
	o, ok := options(words, "sa")
	if !ok {
		return f.usage(words[0])
	}
	if err := os.Remove(f.path(o)); err != nil {
		return f.missing(err)
	}
	fmt.Fprintln(f.error, "password has been deleted.")
	return 0
}

func (f fake) missing(err error) int {
	if !errors.Is(err, fs.ErrNotExist) {
		return 1
	}
	fmt.Fprintln(f.error,
		"security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.")
	return notFound
}
