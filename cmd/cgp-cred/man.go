//go:build man

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"cgp-cred/keystore/disk"
)

// extra returns the command that writes the manual pages. Only the build for it has the command and its libraries.
func extra() []entry { return []entry{{"man", "", manCommand}} }

func manCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write a manual page for each command",
		Args:   words(1, 1),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manual pages are public
				return fmt.Errorf("manual pages: %w", disk.Unwritable(err))
			}
			root := rootCommand(a, nil)
			root.DisableAutoGenTag = true
			plainText(root)
			header := &doc.GenManHeader{Section: "1", Source: "cgp-cred", Manual: "User Commands"} // dated by SOURCE_DATE_EPOCH
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return disk.Unwritable(err)
			}
			// For "man git-credential-cgp", and so for "git help credential-cgp".
			page := filepath.Join(args[0], "git-credential-cgp.1")
			return disk.Unwritable(os.WriteFile(page, []byte(".so man1/cgp-cred-credential.1\n"), 0o644)) //nolint:gosec // manual pages are public
		},
	}
}

// plainText escapes the texts of a command and its subcommands, so that they are not read as Markdown: CGP_CRED_* would be
// emphasis.
func plainText(cmd *cobra.Command) {
	escape := strings.NewReplacer("_", `\_`, "*", `\*`, "<", `\<`, "[", `\[`).Replace
	cmd.Short, cmd.Long = escape(cmd.Short), escape(cmd.Long)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = escape(f.Usage) })
	for _, c := range cmd.Commands() {
		plainText(c)
	}
}
