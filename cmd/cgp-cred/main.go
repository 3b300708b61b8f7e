// Command cgp-cred keeps API Management keys in the operating system's keychain and prints credentials made from them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/keystore"
	"cgp-cred/keystore/terminal"
)

func main() {
	harden()
	os.Exit(run(context.Background(), dispatch(os.Args), os.Stdin, os.Stdout, os.Stderr))
}

// dispatch returns the command line without the program's name. A link's name selects a command. By each name,
// --version prints the version.
func dispatch(argv []string) []string {
	if len(argv) == 2 && (argv[1] == "--version" || argv[1] == "-V") {
		return []string{"version"}
	}
	switch strings.TrimSuffix(strings.ToLower(filepath.Base(argv[0])), ".exe") {
	case "git-credential-cgp":
		return withCommand("credential", argv[1:])
	case upstreamName:
		return withCommand(upstreamName, argv[1:])
	}
	return argv[1:]
}

// withCommand returns a command line for one command. A shell's request for completions stays in front.
func withCommand(name string, args []string) []string {
	asked := 0
	if isCompletion(args) {
		asked = 1
	}
	return slices.Insert(slices.Clone(args), asked, name)
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	a := &app{stdin: stdin, stdout: out, stderr: stderr, args: args}
	if err := refuseGit(a, args); err != nil {
		return report(stderr, out.outcome(err))
	}
	if o, plain := plainGet(args); plain {
		return end(stderr, out.outcome(a.get(ctx, o)))
	}
	root := rootCommand(a, args)
	root.SetArgs(args)
	return end(stderr, out.outcome(root.ExecuteContext(ctx)))
}

// end reports an error and returns the exit status. A process that was interrupted at a question ends by that signal:
// only then a shell ends its loop too.
func end(stderr io.Writer, err error) int {
	status := report(stderr, err)
	if ended := (*terminal.Interrupted)(nil); errors.As(err, &ended) {
		ended.Raise()
	}
	return status
}

// entry is one command of the help. Only the command that is called is built, so that a cached get stays fast.
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

// commands returns every command, in the order of the help.
func commands() []entry {
	return append(extra(), []entry{
		{"setup", "keys", setupCommand},
		{"store", "keys", storeCommand},
		{"keygen", "keys", keygenCommand},
		{"jwks", "keys", jwksCommand},
		{"rotate", "keys", rotateCommand},
		{"export", "keys", exportCommand},
		{"import", "keys", importCommand},
		{"lock", "keys", lockCommand},
		{"logout", "keys", logoutCommand},
		{"get", "credentials", getCommand},
		{"curl", "credentials", curlCommand},
		{"exec", "credentials", execCommand},
		{"sink", "credentials", sinkCommand},
		{"serve", "credentials", serveCommand},
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
Clinical Genomics Platform. The private key and the API key stay in the operating system's
keychain; the token is cached until shortly before it expires.`

// rootCommand returns the command tree: only with the command that args name, otherwise with all.
func rootCommand(a *app, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:                        "cgp-cred",
		Short:                      "Credentials for NHS API Management, from the keychain",
		Long:                       about,
		Args:                       noCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true}, // commands has its own
		SilenceErrors:              true,
		SilenceUsage:               true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = cleanWords
	f := root.PersistentFlags()
	f.CountVarP(&a.verbose, "verbose", "v", "say more on stderr (repeatable)")
	f.Var(a.timeout.in(keystore.Waiting), "timeout",
		"deadline of a token request, all attempts: 100ms to 1h (default 25s; 90s\n"+
			"while APIM throttles, except at a terminal)")
	f.StringVar(&a.passphraseFD, "passphrase-fd", "",
		"descriptor `N` from which to read the passphrase of encrypted files")
	f.StringVar(&a.passphraseFile, "passphrase-file", "",
		"`FILE` whose first line is the passphrase of encrypted files")
	f.StringVar(&a.caFile, "ca-file", "", "`FILE` of PEM roots to trust in addition to the system's")
	for _, c := range commands() {
		if len(args) > 0 && args[0] == c.name {
			root.AddCommand(c.build(a))
			return root
		}
	}
	addAll(root, a)
	if isCompletion(args) {
		a.typed = args[1:max(1, len(args)-1)]
		prepareCompletion(root, first(a.typed))
	}
	return root
}

// addAll adds every command to the root, for help, completion and misspelt commands.
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
		c.RunE = nil // omits the root's own usage line; a template would make the linker keep every method
		defer func() { c.RunE = run }()
		err := usage(c)
		fmt.Fprint(c.OutOrStderr(), topicList())
		return err
	})
}
