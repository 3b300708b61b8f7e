package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/doctor"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/disk"
)

type doctorOptions struct {
	profile string
	json    bool
	report  bool
}

func doctorCommand(a *app) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [PROFILE]",
		Short: "Check every link from the config to the API and say what to do",
		Long: `Check every link between a profile and the API: config, keychain, keys, cache, network, clock,
a new token, and a call that touches no patient data. Each failure has a hint; the exit status
is that of the first failure. With --report it prints what API Management support asks for:
safe to paste, without secrets, addresses and home folders.`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.profile = first(args)
			return a.doctor(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.report, "report", false, "print a report that is safe to paste")
	return cmd
}

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	if o.json && o.report {
		return usage("cgp-cred doctor --help", "--json and --report can't be used together")
	}
	ctx, stop := interruptible(ctx) // the probe in the keychain is removed
	defer stop()
	d, err := a.newDoctor(o.profile)
	if err != nil {
		return err
	}
	show := func(doctor.Result) {}
	if !o.json && !o.report {
		show = a.showCheck
	}
	f := d.Run(ctx, show)
	switch {
	case o.json:
		err = json.NewEncoder(a.stdout).Encode(f.Results)
	case o.report:
		err = f.Report(a.stdout)
	default:
		_, err = fmt.Fprintln(a.stdout, closing(f))
	}
	if failed := f.First(); err == nil && failed != nil {
		return &shownError{failed.Err}
	}
	return err
}

// newDoctor returns the doctor for a profile.
func (a *app) newDoctor(name string) (doctor.Doctor, error) {
	h, err := a.open()
	if errors.Is(err, disk.ErrNoHome) {
		h = &helper.Helper{Keystore: a.keystore, APIM: a.client, Timeout: a.timeout.Duration(), Trace: a.trace}
	} else if err != nil {
		return doctor.Doctor{}, err
	}
	b := thisBuild()
	return doctor.Doctor{
		Helper: h, NoFolders: err,
		Ask: profile.Ask{Name: name, Env: os.Getenv("CGP_CRED_PROFILE")},
		Roots: []doctor.Root{
			{Name: "--ca-file", File: a.caFile},
			{Name: "CGP_CRED_CA_FILE", File: helper.CAFile()},
			{Name: "SSL_CERT_FILE", File: os.Getenv("SSL_CERT_FILE")},
		},
		Program: fmt.Sprintf("cgp-cred %s (%s/%s, %s)", b.Version, b.OS, b.Arch, b.Go),
	}, nil
}

// showCheck prints a check as soon as it is done, with its hints below it.
func (a *app) showCheck(r doctor.Result) {
	const names = 10 // the longest has 8 characters
	fmt.Fprintf(a.stdout, "%s %-*s%s\n", a.symbol(r.State), names, r.Check, r.Detail)
	if r.Hint == "" {
		return
	}
	for hint := range strings.SplitSeq(r.Hint, "\n") {
		fmt.Fprintf(a.stdout, "  %*shint: %s\n", names, "", hint)
	}
}

// symbol returns a state as one character, in colour on a terminal unless the user has turned colours off.
func (a *app) symbol(s doctor.State) string {
	symbol := map[doctor.State]string{doctor.OK: "✓", doctor.Warn: "!", doctor.Fail: "✗", doctor.Skip: "–"}[s]
	colour := map[doctor.State]string{doctor.OK: "32", doctor.Warn: "33", doctor.Fail: "31"}[s]
	if colour == "" || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !isTerminal(a.stdout) {
		return symbol
	}
	return "\x1b[" + colour + "m" + symbol + "\x1b[0m"
}

// closing sums up, and says what to do first.
func closing(f *doctor.Findings) string {
	failed, warned := f.Count(doctor.Fail), f.Count(doctor.Warn)
	switch {
	case failed > 0:
		r := f.First()
		hint, _, _ := strings.Cut(r.Hint, "\n")
		return fmt.Sprintf("%s failed; begin with %s: %s", plural(failed, "check"), r.Check, hint)
	case warned > 0:
		return "all checks passed, with " + plural(warned, "warning")
	}
	return "all checks passed"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
