package main

import (
	"context"
	"errors"

	"cgp-cred/helper/install"
	"cgp-cred/keystore/printable"
)

// offerInstall asks a user who has unpacked a release on Windows whether to install the program.
func (s *setup) offerInstall(ctx context.Context) error {
	if !install.Offer() {
		return nil
	}
	s.say("cgp-cred is not installed: a new terminal will not find it.")
	switch answer, err := s.ask(ctx, "answer", "Install it for you, without an administrator? [Y/n] "); {
	case err != nil:
		return err
	case answer != "" && !isYes(answer):
		return nil
	}
	return s.install()
}

// install puts the program into the user's folder of programs, and says what changed.
func (a *app) install() error {
	done, err := install.Install(thisBuild().Version)
	if err != nil {
		return a.elsewhere(err, "sh install.sh")
	}
	a.say("installed cgp-cred in " + done.Folder)
	if done.Path {
		a.say("that folder is on your PATH now: open a new terminal to use it")
	}
	if done.Before != "" {
		a.warn("PATH leads to another cgp-cred first: " + done.Before)
	}
	a.sayLeft(done.Left)
	return nil
}

// uninstall takes the program away. Keys and profiles stay.
func (a *app) uninstall() error {
	done, err := install.Remove()
	if err != nil {
		return a.elsewhere(err, "sh install.sh --uninstall")
	}
	if !done.Found {
		a.say("cgp-cred is not installed in " + done.Folder)
		return nil
	}
	a.say("removed cgp-cred from " + done.Folder + "; keys and profiles stay")
	a.sayLeft(done.Left)
	return nil
}

// sayLeft names the files of programs that are running.
func (a *app) sayLeft(left []string) {
	for _, path := range left {
		a.say("a program that is running was moved; delete it when it has ended: " + printable.Remove(path))
	}
}

// elsewhere names the command for a system on which install.sh installs.
func (a *app) elsewhere(err error, command string) error {
	if errors.Is(err, install.ErrElsewhere) {
		return usage(command, "setup installs programs on Windows only")
	}
	return err
}
