//go:build man

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"cgp-cred/keystore/disk"
)

// extra is a command of the build that writes the manual; the program itself does without what that takes.
func extra() []entry { return []entry{{"man", "", manCommand}} }

func manCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write a manual page for each command",
		Args:   words(1, 1),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manual pages are for everybody
				return fmt.Errorf("manual pages: %w", disk.Unwritable(err))
			}
			root := rootCommand(a, nil)
			root.DisableAutoGenTag = true
			epoch := time.Unix(0, 0).UTC() // a page is the same whenever it is written
			err := doc.GenManTree(root, &doc.GenManHeader{Title: "CGP-CRED", Section: "1", Date: &epoch, Source: "cgp-cred", Manual: "User Commands"}, args[0])
			return disk.Unwritable(err)
		},
	}
}
