// Package browser shows an address in the user's web browser.
package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"cgp-cred/keystore/program"
)

// system is what the choice of a program depends on.
type system struct {
	name string // as runtime.GOOS
	env  func(name string) string
	find func(program string) (path string, err error)
}

// ErrNoDisplay is the error on a machine without a screen.
var ErrNoDisplay = errors.New("there is no display here (DISPLAY and WAYLAND_DISPLAY are not set)")

// errNone is the error if no program is there that could be run.
var errNone = errors.New("neither $BROWSER nor a program of the system that opens addresses was found")

// Open shows an address. Other users can see it in a list of processes, so it may hold no secret that works twice.
func Open(ctx context.Context, address string) error {
	list, err := system{runtime.GOOS, os.Getenv, exec.LookPath}.commands(address)
	if err != nil {
		return err
	}
	for _, command := range list {
		if err = start(ctx, command); err == nil {
			return nil
		}
	}
	return err
}

// commands returns the commands that may show an address, the best first.
func (s system) commands(address string) ([][]string, error) {
	var list [][]string
	add := func(words ...string) {
		if path, err := s.find(words[0]); err == nil {
			list = append(list, append([]string{path}, words[1:]...))
		}
	}
	separator := ":"
	if s.name == "windows" {
		separator = ";"
	}
	for _, one := range strings.Split(s.env("BROWSER"), separator) {
		if words := filled(one, address); len(words) > 0 {
			add(words...)
		}
	}
	wsl := s.env("WSL_DISTRO_NAME") != "" || s.env("WSL_INTEROP") != ""
	screen := s.env("DISPLAY") != "" || s.env("WAYLAND_DISPLAY") != ""
	switch {
	case s.name == "darwin":
		add("open", address)
	case s.name == "windows":
		add("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		if wsl {
			add("wslview", address)
			add("rundll32.exe", "url.dll,FileProtocolHandler", address)
		}
		if screen {
			add("xdg-open", address)
		} else if len(list) == 0 {
			return nil, ErrNoDisplay
		}
	}
	if len(list) == 0 {
		return nil, errNone
	}
	return list, nil
}

// filled returns the words of one command of $BROWSER. The address takes the place of %s, or is the last word.
func filled(command, address string) []string {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil
	}
	var there bool
	for i, w := range words {
		there = there || i > 0 && strings.Contains(w, "%s")
		if i > 0 {
			words[i] = strings.ReplaceAll(w, "%s", address)
		}
	}
	if !there {
		words = append(words, address)
	}
	return words
}

// settled is the time after which a program that still runs is taken for a browser.
const settled = 5 * time.Second

// start runs a command, which may be the browser itself. It is an error if it fails at once. The browser outlives this
// process, and gets no signal of its terminal.
func start(ctx context.Context, words []string) error {
	cmd := exec.Command(words[0], words[1:]...) //nolint:noctx,gosec // it may outlive us, and the user chose it
	cmd.Env = program.Environment()
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err //nolint:wrapcheck // it names the program
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return errors.New(words[0] + ": " + err.Error())
		}
		return nil
	case <-time.After(settled):
	case <-ctx.Done():
	}
	return nil
}
