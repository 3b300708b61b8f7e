package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// shells are the shells that completion supports, in the order of the help.
var shells = []string{"bash", "zsh", "fish", "powershell"}

// completionCommand prints a script with which a shell completes commands, flags and profile names. Completion only
// looks at the config folder: a keychain could ask for its password at each keystroke.
func completionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a shell's completion script",
		Long: `Print a shell's completion script. install.sh writes those for bash, zsh and fish below
PREFIX/share, so this is for other folders and for PowerShell.`,
		Example: `  mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions
  cgp-cred completion bash >~/.local/share/bash-completion/completions/cgp-cred
  cgp-cred completion fish >~/.config/fish/completions/cgp-cred.fish
  cgp-cred completion zsh >"${fpath[1]}/_cgp-cred"
  cgp-cred completion powershell | Out-String | Invoke-Expression`,
		Args:              words(1, 1),
		ValidArgsFunction: cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return usage("choose "+strings.Join(shells, ", "), "shell %s is unknown", quoted(args[0]))
		},
	}
}

// helpCommand is help COMMAND and help TOPIC. Cobra's own exits with 0 for an unknown command.
func helpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Help about a command or a topic",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return helpArgs(cmd.Root(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if t, ok := findTopic(first(args)); ok && len(args) == 1 {
				_, err := io.WriteString(a.stdout, t.text())
				return err
			}
			found, _, err := cmd.Root().Find(args)
			if err != nil || (found == cmd.Root() && len(args) > 0) {
				return noCommand(cmd.Root(), args)
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// helpArgs returns what may follow the words after help: topics, commands and their subcommands, each with its short
// description.
func helpArgs(root *cobra.Command, words []string) []string {
	var names []string
	cmd, _, err := root.Find(words)
	if err != nil || (len(words) > 0 && cmd == root) {
		return nil
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name()+"\t"+c.Short)
		}
	}
	if cmd == root {
		for _, t := range topics() {
			names = append(names, t.name+"\t"+t.short)
		}
	}
	return names
}

// topicList returns the end of the help: the topics.
func topicList() string {
	var b strings.Builder
	b.WriteString("\nTopics:\n")
	for _, t := range topics() {
		fmt.Fprintf(&b, "  %-12s %s\n", t.name, t.short)
	}
	b.WriteString("\nUse \"cgp-cred help TOPIC\" to read about a topic.\n")
	return b.String()
}
