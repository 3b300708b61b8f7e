// The program stands in for those that the recipes of docs/windows.md start, by its name. curl.exe sends the request
// that a config of curl describes, and python.exe calls $BASE with the token that it was given.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	var err error
	switch name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"); name {
	case "curl":
		err = curl(os.Args[1:])
	case "python":
		err = python(os.Args[1:])
	default:
		err = errors.New("it is called " + name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(2)
	}
}

// curl takes -q, and -K with "-" or the name of a pipe.
func curl(args []string) error {
	if len(args) < 3 || args[0] != "-q" || args[1] != "-K" {
		return fmt.Errorf("arguments %q", args)
	}
	in := os.Stdin
	if args[2] != "-" {
		f, err := os.Open(args[2])
		if err != nil {
			return err
		}
		in = f
	}
	var url, header string
	for lines := bufio.NewScanner(in); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " = ")
		switch value = strings.Trim(value, `"`); name {
		case "url":
			url = value
		case "header":
			header = value
		}
	}
	if url == "" {
		return errors.New("no URL specified")
	}
	return get(url, header)
}

// python takes the name of a script, which is there.
func python(args []string) error {
	if _, err := os.Stat(args[0]); err != nil {
		return err
	}
	token := os.Getenv("CGP_TOKEN")
	if file := os.Getenv("BEARER_TOKEN_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil || token != "" {
			return fmt.Errorf("%w, CGP_TOKEN has %d characters", err, len(token))
		}
		token = strings.TrimSpace(string(text))
	}
	return get(os.Getenv("BASE")+"/hello-world/hello/application", "Authorization: Bearer "+token)
}

func get(url, header string) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
	return err
}
