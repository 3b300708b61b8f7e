package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cgp-cred/helper/apim"
)

func jwksCommand(a *app) *cobra.Command {
	var merge string
	cmd := &cobra.Command{
		Use:   "jwks [PROFILE]",
		Short: "Print the public key set to register",
		Long: `Print the public key set (JWKS) to register in the Developer Hub: public members alone.
With --merge, the keys in FILE and ours, so that colleagues and other machines keep theirs.`,
		Args:              words(0, 1),
		ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.jwks(cmd.Context(), first(args), merge)
		},
	}
	cmd.Flags().StringVar(&merge, "merge", "", "`FILE` of a key set to add ours to, - for stdin")
	return cmd
}

func (a *app) jwks(ctx context.Context, name, merge string) error {
	var existing []byte
	if merge != "" {
		raw, err := a.readInput(merge, "key set")
		if err != nil {
			return err
		}
		existing = raw
	}
	h, p, _, err := a.resolve(name, "")
	if err != nil {
		return err
	}
	keys, err := h.PublicKeys(ctx, p)
	if err != nil {
		return err
	}
	out, err := apim.JWKS(keys...)
	if merge != "" {
		out, err = apim.MergeJWKS(existing, keys...)
		if err != nil {
			return usage("give the key set that is registered now", "%v", fmt.Errorf("%s: %w", inputName(merge), err))
		}
	}
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(out)
	return err
}
