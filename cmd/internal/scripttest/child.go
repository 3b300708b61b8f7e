package scripttest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// child ACTION ARGS... is a program for exec, the same on each system. "arguments ARG..." prints each argument,
// "environment NAME..." prints these variables or, without a NAME, all of them, "stdin" copies stdin, "exit STATUS"
// ends with that status, "touch FILE" makes a file, "await FILE..." waits until there are files, "token-file" prints
// the path in BEARER_TOKEN_FILE and the text, and "renewals N" calls $BASE with the token in that file until it has
// had N different ones. "browse FILE ADDRESS" is a browser: it writes the page to FILE, the address to FILE.address,
// "hook FILE" adds CGP_TOKEN_FILE and the names of cgp-cred's other variables to FILE, and "record FOLDER [LOG] VERB
// NAME" is a keystore program, which adds its arguments to LOG.
func child() {
	if err := act(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func act(action string, args []string) error {
	switch action {
	case "arguments":
		for _, arg := range args {
			fmt.Println(arg)
		}
	case "environment":
		printEnvironment(args)
	case "stdin":
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	case "exit":
		status, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		os.Exit(status)
	case "touch":
		return os.WriteFile(args[0], nil, 0o600)
	case "await":
		for _, file := range args {
			for _, err := os.Stat(file); err != nil; _, err = os.Stat(file) {
				time.Sleep(20 * time.Millisecond)
			}
		}
	case "browse":
		return browse(args[0], args[1])
	case "hook":
		return hook(args[0])
	case "record":
		return keepRecord(args)
	case "token-file":
		path := os.Getenv("BEARER_TOKEN_FILE")
		text, err := os.ReadFile(path)
		fmt.Printf("%s\n%s", path, text)
		return err
	case "renewals":
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return awaitRenewals(n)
	default:
		return fmt.Errorf("action %q is unknown", action)
	}
	return nil
}

func printEnvironment(names []string) {
	if len(names) == 0 {
		fmt.Println(strings.Join(os.Environ(), "\n"))
	}
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			fmt.Printf("%s=%s\n", name, value)
		} else {
			fmt.Println(name, "is unset")
		}
	}
}

func browse(file, address string) error {
	answer, err := http.Get(address)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".address", []byte(address), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(file+".part", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}

func hook(file string) error {
	line := os.Getenv("CGP_TOKEN_FILE")
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "CGP_") && name != "CGP_TOKEN_FILE" {
			line += " " + name
		}
	}
	return addLine(file, line)
}

func addLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// keepRecord is a keystore program, which keeps each record in a file and does not compare.
func keepRecord(args []string) error {
	folder, words := args[0], args[1:]
	if filepath.IsAbs(words[0]) {
		if err := addLine(words[0], strings.Join(words[1:], " ")); err != nil {
			return err
		}
		words = words[1:]
	}
	verb, file := words[0], filepath.Join(folder, words[1])
	if _, err := os.ReadDir(folder); err != nil {
		return err
	}
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) && verb != "store" {
		os.Exit(3)
	}
	var text []byte
	switch verb {
	case "get":
		if text, err = os.ReadFile(file); err == nil {
			_, err = os.Stdout.Write(text)
		}
		return err
	case "store":
		if text, err = io.ReadAll(os.Stdin); err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		return err
	case "erase":
		return os.Remove(file)
	}
	return fmt.Errorf("verb %q is unknown", verb)
}

// awaitRenewals fails if the API refuses a token that was read less than 6 seconds before: a token file's token has
// more time left than that.
func awaitRenewals(n int) error {
	seen := make(map[string]bool)
	for ; len(seen) < n; time.Sleep(100 * time.Millisecond) {
		begun := time.Now()
		token, err := os.ReadFile(os.Getenv("BEARER_TOKEN_FILE"))
		if err != nil {
			return err
		}
		header := "Authorization: Bearer " + strings.TrimSpace(string(token))
		status, _, err := oneRequest(os.Getenv("BASE")+helloPath, header, nil)
		if err != nil || status != http.StatusOK && time.Since(begun) < 6*time.Second {
			return fmt.Errorf("status %d, %w", status, err)
		}
		seen[string(token)] = true
	}
	fmt.Println("all answered")
	return nil
}

// fetch URL [HEADER-FILE] is a program that gets a URL and prints the status and the body of the answer. The
// file, "-" for stdin, has one header. "fetch token" asks the OAuth 2.0 token endpoint of exec --proxy instead. Names
// of variables in the URL are replaced, for a command without a shell. It follows no redirect, and uses no proxy.
func fetch() {
	target, header, form := os.ExpandEnv(os.Args[1]), "", url.Values(nil)
	var err error
	switch {
	case target == "token":
		target, form = os.Getenv("CGP_TOKEN_URL"), url.Values{"grant_type": {"client_credentials"}}
	case len(os.Args) > 2:
		header, err = headerFrom(os.Args[2])
	}
	var (
		status int
		body   string
	)
	if err == nil {
		status, body, err = oneRequest(target, header, form)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	fmt.Printf("%d %s\n", status, body)
}

func headerFrom(file string) (string, error) {
	in := os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(in)
	return strings.TrimSpace(string(text)), err
}

// oneRequest sends one request, with the client of exec --proxy if there is a form.
func oneRequest(target, header string, form url.Values) (status int, body string, err error) {
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if form != nil {
		r, err = http.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	}
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(os.Getenv("CGP_CLIENT_ID"), os.Getenv("CGP_CLIENT_SECRET"))
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		r.Header.Set(name, value)
	}
	client := &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}
