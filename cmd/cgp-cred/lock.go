package main

import (
	"github.com/spf13/cobra"

	"cgp-cred/helper"
)

func lockCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Forget the passphrase of encrypted files",
		Long: `Forget the passphrase of encrypted files (cgp-cred store PROFILE --keystore file), which the
Linux kernel's keyring otherwise keeps for an hour. On other systems nothing keeps it. Cached tokens
stay until they expire, or until cgp-cred erase drops them.`,
		Args: words(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.lock() },
	}
}

func (a *app) lock() error {
	h, err := a.open()
	if err != nil {
		return err
	}
	known, err := helper.ForgetPassphrase(h.Folders)
	switch {
	case err != nil:
		return err
	case known:
		a.say("the passphrase of the encrypted files is forgotten")
	default:
		a.say("no passphrase was cached")
	}
	return nil
}
