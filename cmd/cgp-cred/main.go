// Command cgp-cred keeps API Management keys in the operating system's keychain and prints credentials made from them.
package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out one command line and returns its exit status. All that a command touches comes through here.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := rootCommand(a, args)
	root.SetArgs(args)
	return report(stderr, root.ExecuteContext(ctx))
}

// command is one entry of the help; it is built only when it is called: a cached get pays for its own.
type command struct {
	name  string
	build func(*app) *cobra.Command
}

// commands is every command, in the order of the help.
func commands() []command {
	return []command{
		{"demo", demoCommand},
		{"store", storeCommand},
		{"keygen", keygenCommand},
		{"jwks", jwksCommand},
		{"get", getCommand},
		{"list", listCommand},
		{"status", statusCommand},
		{"erase", eraseCommand},
		{"logout", logoutCommand},
		{"simulate", simulateCommand},
		{"version", versionCommand},
	}
}

const about = `cgp-cred prints credentials for APIs behind NHS England's API Management, such as the
Clinical Genomics Platform. The private key and the API key rest in the operating system's
keychain; the token is cached until shortly before it expires.`

// rootCommand returns the command tree: with the one command that args name, or else with all.
func rootCommand(a *app, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "cgp-cred",
		Short:         "Credentials for NHS API Management, from the keychain",
		Long:          about,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().CountVarP(&a.verbose, "verbose", "v", "say more on stderr (repeatable)")
	root.PersistentFlags().Var(&a.timeout, "timeout", "deadline of a token request, all attempts (default 25s)")
	root.PersistentFlags().StringVar(&a.caFile, "ca-file", "", "`FILE` of PEM roots to trust beside the system's")
	all := commands()
	root.CompletionOptions.HiddenDefaultCmd = false
	for _, c := range all {
		if len(args) > 0 && args[0] == c.name {
			root.AddCommand(c.build(a))
			return root
		}
	}
	for _, c := range all {
		root.AddCommand(c.build(a))
	}
	return root
}

// noCommand refuses words that name no command.
func noCommand(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{what: "unknown command " + quoted(args[0]), hint: "cgp-cred help"}
}
