package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

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
