// Package security keeps items in the macOS keychain through Apple's command /usr/bin/security. The names and the
// encoding of items are those of go-keyring, so that each reads what the other has written.
package security

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os/exec"
	"strings"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/program"
)

// Path is Apple's command.
const Path = "/usr/bin/security"

// The prefixes with which go-keyring marks an encoded value. It has written hex in old releases.
const (
	hexPrefix    = "go-keyring-encoded:"
	base64Prefix = "go-keyring-base64:"
)

const (
	maxLine     = 4095             // bytes that security -i reads as one line
	maxOutput   = 64 << 10         // bytes of stdout: a record has at most 2,400
	maxErrors   = 4 << 10          // bytes of stderr that are kept
	afterKilled = time.Second      // until the end of a process that was killed is no longer waited for
	usualLimit  = 30 * time.Second // if the context has no deadline
)

// Keychain is the default keychain of this user.
type Keychain struct {
	Program string // an absolute path: [Path], or what stands for it in a test
}

// Get returns the value of an item. A missing one is a [keystore.ErrNotFound].
func (k Keychain) Get(ctx context.Context, account string) (string, error) {
	out, err := k.run(ctx, "", "find-generic-password", "-s", keystore.Service, "-a", account, "-w")
	defer clear(out)
	if err != nil {
		return "", err
	}
	return decode(strings.TrimSpace(string(out)))
}

// Set adds an item or replaces its value. The value goes through stdin: other users can read a command line.
func (k Keychain) Set(ctx context.Context, account, value string) error {
	line := "add-generic-password -U -s " + keystore.Service + " -a " + account + " -w " +
		base64Prefix + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
	if len(line) > maxLine {
		return &keystore.Error{Kind: keystore.ErrTooBig}
	}
	if strings.Count(line, "\n") > 1 || strings.ContainsAny(account, " \t\r\"'\\") {
		return errors.New("a keychain's account must be one word") // keystore.CheckAccount has refused it already
	}
	_, err := k.run(ctx, line, "-i")
	return err
}

// Delete removes an item. A missing one is a [keystore.ErrNotFound].
func (k Keychain) Delete(ctx context.Context, account string) error {
	_, err := k.run(ctx, "", "delete-generic-password", "-s", keystore.Service, "-a", account)
	return err
}

// decode returns what encode or go-keyring made into text.
func decode(text string) (string, error) {
	var value []byte
	var err error
	if digits, ok := strings.CutPrefix(text, hexPrefix); ok {
		value, err = hex.DecodeString(digits)
	} else if digits, ok := strings.CutPrefix(text, base64Prefix); ok {
		value, err = base64.StdEncoding.DecodeString(digits)
	} else {
		return text, nil
	}
	if err != nil { // its text may quote the value
		return "", &keystore.Error{Kind: keystore.ErrCorrupt, Detail: "its encoding is broken"}
	}
	return string(value), nil
}

// run runs the command once and returns its stdout. When ctx ends, the command is killed, and its dialog with it: run
// returns after its end.
func (k Keychain) run(ctx context.Context, line string, args ...string) ([]byte, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, usualLimit)
		defer stop()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out, said := &program.Capped{Limit: maxOutput}, &program.Capped{Limit: maxErrors}
	cmd := exec.CommandContext(ctx, k.Program, args...) // #nosec G204 -- no shell, and the account is one word
	cmd.Env = program.Environment()
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = afterKilled
	if line != "" {
		cmd.Stdin = strings.NewReader(line)
	}
	err := cmd.Run()
	if line != "" {
		said = &program.Capped{} // it may quote the line, and so the secret
	}
	var exit *exec.ExitError
	switch {
	case err == nil && out.Over:
		err = &keystore.Error{Kind: keystore.ErrCorrupt, Detail: "it is longer than 64 KiB"}
	case err == nil:
		return out.Kept, nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &exit) && exit.Exited():
		err = failure(exit.ExitCode(), string(said.Kept))
	case errors.As(err, &exit): // a signal
		err = &keystore.Error{
			Kind: keystore.ErrUnavailable, Detail: k.Program + " ended: " + exit.String(), Next: again,
		}
	default:
		err = &keystore.Error{
			Kind: keystore.ErrUnavailable, Detail: k.Program + " could not be run: " + program.Reason(err),
		}
	}
	clear(out.Kept)
	return nil, err
}
