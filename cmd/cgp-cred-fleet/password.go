package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"cgp-cred/helper/fleet"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/terminal"
)

// password keeps the password of a store in the keychain. It asks at the terminal, or reads stdin.
func password(ctx context.Context, args []string, stdin *os.File, stderr io.Writer) error {
	if len(args) != 1 {
		return usage("password has one argument, the URL of the store")
	}
	s, err := parse(args[0])
	if err != nil {
		return err
	}
	if s.Username == "" {
		return fault.New(fault.Usage, "name it: redis://USER@host; of a server with one password it is default",
			"store %s: the URL names no user", printable.Quote(fleet.Shown(args[0])))
	}
	question := fmt.Sprintf("Password of %s at %s: ", printable.Text(s.Username), printable.Text(s.Addrs[0]))
	raw, err := ask(ctx, stdin, stderr, question)
	if err != nil {
		return err
	}
	value, problem := onePassword(string(raw))
	clear(raw)
	if problem != "" {
		return fault.New(fault.Usage, "type or pipe the password, in one line", "nothing was stored: %s", problem)
	}
	if err := keychain.New(keychain.Options{}).Set(ctx, s.account(), keystore.NewSecret([]byte(value))); err != nil {
		return fault.Of(fault.ClassOf(err), "put the password into a file instead: "+passwordFile+" names it", err)
	}
	fmt.Fprintln(stderr, "stored in the keychain")
	return nil
}

func ask(ctx context.Context, stdin *os.File, stderr io.Writer, question string) ([]byte, error) {
	if term.IsTerminal(int(stdin.Fd())) {
		return terminal.Hidden(ctx, stdin, stderr, question)
	}
	return io.ReadAll(io.LimitReader(stdin, maxFile))
}

// check finds out whether the store can be used, with a value of its own that lasts a second.
func check(ctx context.Context, args []string, stdout io.Writer) error {
	url := os.Getenv(fleet.URLVariable)
	if len(args) > 1 {
		return usage("check has one argument, the URL of the store")
	}
	if len(args) == 1 {
		url = args[0]
	}
	s, err := parse(url)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	if err := s.secure(ctx); err != nil {
		return err
	}
	client := s.client()
	defer client.Close() //nolint:errcheck // the process ends
	for _, c := range []call{
		{verb: "lease", owner: checkName, time: time.Second},
		{verb: "publish", owner: checkName, time: time.Second, value: []byte("x")},
		{verb: "look"},
		{verb: "drop"},
	} {
		c.name = checkName
		if _, _, _, err := c.do(ctx, client); err != nil {
			return explain(s, err)
		}
	}
	_, err = fmt.Fprintln(stdout, "it can be used")
	return err
}
