package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/notify"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/renew"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

type sinkOptions struct {
	profile string
	target  renew.Target
	format  string
	wlcg    bool
	once    bool
	remove  bool   // the file, at the end
	exec    string // a command to run after each new token
	hook    []string
}

func sinkCommand(a *app) *cobra.Command {
	var o sinkOptions
	cmd := &cobra.Command{
		Use:   "sink [PROFILE]",
		Short: "Keep a token file fresh at a fixed path",
		Long: `Get a token, write it to a file, and renew it for as long as this command runs: for programs
that are already running, containers, and other users. The file is replaced whole, so a reader
never sees a part of a token; its mode and group are always those that you gave. If no new token
can be had, the last one stays, with a warning. Without a first token there is no file, and the
exit status is that of get.

SIGTERM, SIGINT and SIGHUP end it with 0. The file stays, because a restart must not take the
token from its readers; it expires within ten minutes (--remove-at-end). SIGUSR1 fetches a new
token. Started by systemd with Type=notify, sink is ready when the file is in place.

The folder must exist, and only you and root may write it; /tmp is allowed. A link, another
user's file and a file that holds no token are not replaced.`,
		Example: `  cgp-cred sink --to /run/cgp/token --mode 0640 --group cgp-readers
  cgp-cred sink --wlcg                                      # where gfal, XRootD and HTCondor look
  cgp-cred sink --to token.json --format json --once        # an init container`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.profile = first(args)
			if err := o.check(); err != nil {
				return err
			}
			return a.sink(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.target.Path, "to", "", "`FILE` to write")
	f.BoolVar(&o.wlcg, "wlcg", false, "write the file that WLCG Bearer Token Discovery finds")
	f.StringVar(&o.format, "format", "token", "`FORMAT`: "+strings.Join(wire.Formats, ", "))
	f.StringVar(&o.target.Mode, "mode", "", "`MODE` of the file, in octal: 0600 (default), 0400, 0640 or 0440")
	f.StringVar(&o.target.Group, "group", "", "`GROUP` that can read it, by name or number")
	f.BoolVar(&o.target.Open, "open-folder", false, "accept a folder that others can write, such as an emptyDir")
	f.BoolVar(&o.once, "once", false, "write the file once and end")
	f.BoolVar(&o.remove, "remove-at-end", false, "remove the file at the end")
	f.StringVar(&o.exec, "exec", "",
		"`COMMAND` to run after each new token, split on spaces; CGP_TOKEN_FILE names the file")
	return cmd
}

// check refuses flags that contradict each other.
func (o *sinkOptions) check() error {
	const help = "cgp-cred sink --help"
	switch {
	case o.wlcg && o.target.Path != "":
		return usage(help, "choose one of --to and --wlcg")
	case !o.wlcg && o.target.Path == "":
		return usage("name the file: --to FILE, or add --wlcg", "sink needs a file to write")
	case o.wlcg && (o.format != "token" || o.target.Mode != "" || o.target.Group != ""):
		return usage("leave out --format, --mode and --group, or use --to FILE",
			"--wlcg means a bare token that only you can read")
	case o.once && o.remove:
		return usage(help, "choose one of --once and --remove-at-end")
	}
	if o.exec != "" {
		argv, err := program.Split(o.exec)
		if err != nil {
			return fault.Wrap(fault.Usage, fault.HintOf(err, help), "--exec", err)
		}
		o.hook = argv
	}
	return wire.CheckFormat(o.format)
}

// sink writes a token file, and keeps it fresh until a signal comes.
func (a *app) sink(ctx context.Context, o sinkOptions) error {
	a.patient = true
	manager, err := notify.Open()
	if err != nil {
		a.warn(err.Error())
	}
	h, p, _, err := a.resolve(o.profile, "")
	if err != nil {
		return err
	}
	if err := needsToken(p, "cgp-cred get "+p.Name); err != nil {
		return err
	}
	o.target.Folders, o.target.Inputs = h.Folders, a.inputs()
	file, release, err := o.target.Claim()
	if err != nil {
		return err
	}
	defer release()
	if os.Getenv("BEARER_TOKEN") != "" && o.wlcg {
		a.warn("programs that have BEARER_TOKEN in their environment use that one, and not the file")
	}
	return a.keepSink(ctx, o, h, p, file, manager)
}

// keepSink is sink for a file that may be written.
func (a *app) keepSink(
	ctx context.Context, o sinkOptions, h *helper.Helper, p *profile.Profile, file disk.Shared, manager notify.Manager,
) error {
	signals := catchSignals()
	defer signals.release()
	hook := startHook(a, o.hook, file.Path)
	defer hook.stop()
	options := renew.Options{
		Path: file.Path, Format: o.format, Write: file.Write, Keep: !o.remove, Token: "the token in " + quoted(file.Path),
		Source: func(ctx context.Context, o helper.Options) (helper.Credential, error) { return h.Get(ctx, p, o) },
		Warn: func(text string) {
			a.warnAgain(text)
			manager.Status(text)
		},
		Renewed: func(c helper.Credential) {
			manager.Ready("token until " + c.ExpiresAt.Local().Format("15:04:05"))
			hook.start()
		},
		Beat: manager.Alive, Pace: manager.Beat(),
	}
	kept, err := startFile(ctx, options, signals, endsSink)
	if err != nil {
		a.tellOld(file, err)
		return err
	}
	if !o.once {
		if isTerminal(a.stderr) {
			a.say("the token in " + quoted(file.Path) + " is kept fresh until Ctrl-C")
		}
		waitForEnd(signals, kept, manager)
	}
	manager.Stopping()
	if o.once {
		hook.wait(signals)
	}
	return kept.Close()
}

// waitForEnd returns when a signal asks sink to end. Until then it fetches a new token when it is asked to.
func waitForEnd(signals *caughtSignals, kept *renew.File, manager notify.Manager) {
	var fetched <-chan struct{} // nil: nothing was asked for
	for {
		select {
		case s := <-signals.arrived:
			switch {
			case endsSink(s):
				return
			case renewsSink(s) && fetched == nil:
				manager.Reloading()
				fetched = kept.Renew()
			}
		case <-fetched:
			fetched = nil
			manager.Ready("")
		}
	}
}

// tellOld says what is in the file if err keeps a new token from it.
func (a *app) tellOld(file disk.Shared, err error) {
	if ended := (*shownError)(nil); errors.As(err, &ended) {
		return // by a signal
	}
	if at, ok := file.Written(); ok {
		a.warn(quoted(file.Path) + " still holds what was written at " + at.Local().Format(time.DateTime))
	}
}

// inputs returns the files that variables and flags name, and that cgp-cred reads.
func (a *app) inputs() []string {
	files := []string{a.caFile}
	for _, v := range os.Environ() {
		if name, file, _ := strings.Cut(v, "="); strings.HasPrefix(name, ownVariables) && strings.HasSuffix(name, "_FILE") {
			files = append(files, file)
		}
	}
	return files
}
