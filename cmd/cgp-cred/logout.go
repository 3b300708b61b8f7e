package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
)

type logoutOptions struct {
	all bool
	yes bool
}

func logoutCommand(a *app) *cobra.Command {
	var o logoutOptions
	cmd := &cobra.Command{
		Use:   "logout PROFILE...",
		Short: "Remove a profile with its keys and its token",
		Long: `Remove profiles, each with its keys, its cached token and its file. A missing part is not an
error. It asks first. With --all it also removes the records in encrypted files, and on Linux in
the keychain, whose profile is lost.`,
		Example:           "  cgp-cred logout int\n  cgp-cred logout --all --yes",
		ValidArgsFunction: a.profileArgs(100),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.logout(cmd.Context(), args, o)
		},
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "remove every profile")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) logout(ctx context.Context, names []string, o logoutOptions) error {
	if (len(names) == 0) != o.all {
		return usage("cgp-cred logout PROFILE, or cgp-cred logout --all", "name the profiles to remove, or add --all")
	}
	h, err := a.open()
	if err != nil {
		return err
	}
	if err := h.Manage().KeystoreOnly(); err != nil {
		return err
	}
	var nothing []string
	if o.all {
		names, err = h.Manage().Removable(ctx)
	} else {
		names, nothing, err = a.split(ctx, h, names)
	}
	if err != nil {
		return err
	}
	if len(names) > 0 && !o.yes && !isTerminal(a.stdin) {
		return usage("add --yes",
			"stdin is not a terminal, so the removal of %s can't be confirmed", strings.Join(names, ", "))
	}
	for _, name := range nothing {
		a.say(logoutText(name, manage.Removed{}))
	}
	if len(nothing) > 0 {
		a.say("if a keystore program keeps a record of this name, adopt it first: " +
			"cgp-cred store " + nothing[0] + " --keystore exec --keystore-command COMMAND")
	}
	switch {
	case len(names) == 0:
		if o.all {
			a.say("there are no profiles to remove")
		}
		return nil
	case !o.yes:
		question := "Remove " + strings.Join(names, ", ") + " and the keys of each? " +
			"A key that was made here exists nowhere else."
		if err := a.confirm(ctx, question); err != nil {
			return err
		}
	}
	return a.remove(ctx, h, names)
}

// remove removes profiles. If one can't be removed, the others still are. The error is the first one.
func (a *app) remove(ctx context.Context, h *helper.Helper, names []string) error {
	var first error
	var kept []string
	for _, name := range names {
		done, err := h.Manage().Logout(ctx, name)
		switch {
		case err == nil:
			a.say(logoutText(name, done))
		case first == nil:
			first = err
		default:
			kept = append(kept, name)
		}
	}
	if len(kept) > 0 {
		a.warn("also not removed: " + strings.Join(kept, ", "))
	}
	return first
}

// split separates the names that may have something to remove from those that certainly have nothing.
func (a *app) split(ctx context.Context, h *helper.Helper, names []string) (some, nothing []string, err error) {
	for _, name := range names {
		if err := profile.CheckName(name); err != nil {
			return nil, nil, err
		}
		if h.Manage().Nothing(ctx, name) {
			nothing = append(nothing, name)
			continue
		}
		if _, err := h.Config.Load(name); errors.Is(err, profile.ErrNoProfile) {
			a.warn(fmt.Sprintf("there is no profile %q; what a keystore may have of this name is removed", name))
		}
		some = append(some, name)
	}
	return some, nothing, nil
}

func logoutText(name string, done manage.Removed) string {
	if !done.Profile && !done.Record {
		return fmt.Sprintf("profile %q: there is nothing to remove", name)
	}
	text := fmt.Sprintf("removed profile %q", name)
	if done.Record {
		text += ", its keys and its token; " +
			"a public key stays registered at APIM until you remove it in the Developer Hub"
	}
	return text
}
