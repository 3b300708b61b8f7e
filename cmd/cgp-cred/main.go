// Command cgp-cred keeps API Management keys in the operating system's keychain and prints credentials made from them.
package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/keystore"
)

func main() {
	harden()
	os.Exit(run(context.Background(), dispatch(os.Args), os.Stdin, os.Stdout, os.Stderr))
}

// dispatch returns the command line without the program's name, which through a link stands for a command of its own.
func dispatch(argv []string) []string {
	switch strings.TrimSuffix(strings.ToLower(filepath.Base(argv[0])), ".exe") {
	case "git-credential-cgp":
		return append([]string{"credential"}, argv[1:]...)
	case upstreamName:
		return append([]string{upstreamName}, argv[1:]...)
	}
	return argv[1:]
}

// run carries out one command line and returns its exit status. All that a command touches comes through here.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	a := &app{stdin: stdin, stdout: out, stderr: stderr}
	if o, plain := plainGet(args); plain {
		return report(stderr, out.outcome(a.get(ctx, o)))
	}
	root := rootCommand(a, args)
	root.SetArgs(args)
	return report(stderr, out.outcome(root.ExecuteContext(ctx)))
}

// entry is one command of the help; it is built only when it is called: a cached get pays for its own.
type entry struct {
	name  string
	group string
	build func(*app) *cobra.Command
}

// Groups of the help, in its order.
var groups = []*cobra.Group{
	{ID: "keys", Title: "Keys:"},
	{ID: "credentials", Title: "Credentials:"},
	{ID: "profiles", Title: "Profiles:"},
	{ID: "try", Title: "Try it out:"},
}

// commands is every command, in the order of the help.
func commands() []entry {
	return append(extra(), []entry{
		{"store", "keys", storeCommand},
		{"keygen", "keys", keygenCommand},
		{"jwks", "keys", jwksCommand},
		{"rotate", "keys", rotateCommand},
		{"export", "keys", exportCommand},
		{"import", "keys", importCommand},
		{"lock", "keys", lockCommand},
		{"logout", "keys", logoutCommand},
		{"get", "credentials", getCommand},
		{"exec", "credentials", execCommand},
		{"credential", "credentials", credentialCommand},
		{"ci", "credentials", ciCommand},
		{"erase", "credentials", eraseCommand},
		{"clients", "credentials", clientsCommand},
		{"list", "profiles", listCommand},
		{"status", "profiles", statusCommand},
		{"doctor", "profiles", doctorCommand},
		{"demo", "try", demoCommand},
		{"simulate", "try", simulateCommand},
		{"completion", "", completionCommand},
		{"version", "", versionCommand},
		{upstreamName, "", upstreamCommand},
	}...)
}

const about = `cgp-cred prints credentials for APIs behind NHS England's API Management, such as the
Clinical Genomics Platform. The private key and the API key rest in the operating system's
keychain; the token is cached until shortly before it expires.`

// rootCommand returns the command tree: with the one command that args name, or else with all.
func rootCommand(a *app, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:                        "cgp-cred",
		Short:                      "Credentials for NHS API Management, from the keychain",
		Long:                       about,
		Args:                       noCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true}, // ours is one of commands
		SilenceErrors:              true,
		SilenceUsage:               true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().CountVarP(&a.verbose, "verbose", "v", "say more on stderr (repeatable)")
	root.PersistentFlags().Var(a.timeout.in(keystore.Waiting), "timeout", "deadline of a token request, all attempts: 100ms to 1h (default 25s)")
	root.PersistentFlags().StringVar(&a.passphraseFD, "passphrase-fd", "", "descriptor `N` from which to read the passphrase of encrypted files")
	root.PersistentFlags().StringVar(&a.caFile, "ca-file", "", "`FILE` of PEM roots to trust beside the system's")
	for _, c := range commands() {
		if len(args) > 0 && args[0] == c.name {
			root.AddCommand(c.build(a))
			return root
		}
	}
	addAll(root, a)
	return root
}

// addAll gives the root every command, for help, completion and what is misspelt.
func addAll(root *cobra.Command, a *app) {
	cobra.EnableCommandSorting = false
	root.AddGroup(groups...)
	root.SetHelpCommand(helpCommand(a))
	for _, c := range commands() {
		cmd := c.build(a)
		cmd.GroupID = c.group
		root.AddCommand(cmd)
	}
	usage := root.UsageFunc()
	root.SetUsageFunc(func(c *cobra.Command) error {
		if c.HasParent() {
			return usage(c)
		}
		run := c.RunE
		c.RunE = nil // the root alone does nothing worth a line; a template would link reflection over every method
		defer func() { c.RunE = run }()
		return usage(c)
	})
}

// noCommand refuses words that name no command, and says which one may be meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "cgp-cred help"
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		hint = "did you mean cgp-cred " + strings.Join(like, ", cgp-cred ") + "?"
	}
	return usage(hint, "unknown command %s", quoted(args[0]))
}
