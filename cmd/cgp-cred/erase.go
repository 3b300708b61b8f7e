package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func eraseCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "erase [PROFILE|URL]",
		Short: "Drop the cached token; the key stays",
		Long: `Drop the cached token, so that the next get fetches a new one. Do this after an API answered
401. Keys stay in the keychain; cgp-cred logout removes them.`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.erase(cmd.Context(), first(args))
		},
	}
}

func (a *app) erase(ctx context.Context, which string) error {
	name, url := which, ""
	if isURL(which) {
		name, url = "", which
	}
	h, p, _, err := a.resolve(name, url)
	if err != nil {
		return err
	}
	if err := h.Erase(ctx, p); err != nil {
		return err
	}
	a.say(fmt.Sprintf("no token of profile %q is cached now", p.Name))
	return nil
}
