package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
)

func ciCommand(a *app) *cobra.Command {
	var variable string
	cmd := &cobra.Command{
		Use:   "ci github|azure [PROFILE]",
		Short: "Hide the token in a CI's log and set it for the later steps",
		Long: `Hide the token in the log of GitHub Actions or Azure Pipelines, then set it as a variable for
the later steps of the job. The token lives ten minutes: in longer jobs use cgp-cred exec, which
needs no variable. Other CI systems can't hide a value that is made in the job: use exec there.`,
		Example: `  cgp-cred ci github
  cgp-cred ci azure --var TOKEN`,
		Args: words(1, 2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []string{"github", "azure"}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.profileArgs(2)(cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ci(cmd.Context(), args[0], first(args[1:]), variable)
		},
	}
	cmd.Flags().StringVar(&variable, "var", "CGP_TOKEN", "`NAME` of the variable")
	return cmd
}

func (a *app) ci(ctx context.Context, system, name, variable string) error {
	if err := checkCI(system, variable); err != nil {
		return err
	}
	a.patient = true
	h, p, _, err := a.resolve(name, "")
	if err != nil {
		return err
	}
	if p.Auth != profile.JWT {
		return usage("give the API key, as a secret, only to the step that needs it, or use cgp-cred exec -- COMMAND",
			"method %s: every later step could read the API key, and it does not expire", p.Auth)
	}
	c, err := h.Get(ctx, p, helper.Options{})
	if err != nil {
		return err
	}
	var secrets []string
	if h.Environment != nil { // the job's own secret store masks a bundle as a whole, not its parts
		r, err := h.Records().Load(ctx, p)
		if err != nil {
			return err
		}
		secrets = append(secrets, string(r.APIKey.Reveal()))
	}
	token := string(c.Secret.Reveal())
	if system == "azure" {
		_, err = a.stdout.Write([]byte(wire.Azure(variable, token, secrets...)))
		return err
	}
	out, block := wire.GitHub(variable, token, secrets...)
	if _, err := a.stdout.Write([]byte(out)); err != nil {
		return err
	}
	if err := disk.Append(os.Getenv("GITHUB_ENV"), []byte(block)); err != nil {
		return usage("run it in a step of GitHub Actions", "GITHUB_ENV: %v", err)
	}
	return nil
}

// checkCI refuses to print a mask outside the CI system that hides it: the log would show the token.
func checkCI(system, variable string) error {
	inside := map[string]bool{
		"github": os.Getenv("GITHUB_ACTIONS") == "true" && os.Getenv("GITHUB_ENV") != "",
		"azure":  strings.EqualFold(os.Getenv("TF_BUILD"), "true"),
	}
	is, known := inside[system]
	switch {
	case !known:
		return usage("choose github or azure; in another system use cgp-cred exec -- COMMAND",
			"CI system %s is unknown", quoted(system))
	case !is:
		return usage("run it in a job of that system; otherwise use cgp-cred get, or cgp-cred exec -- COMMAND",
			"this is not a job of %s: nothing would hide the token", system)
	case !maySet(variable):
		return usage("for example --var CGP_TOKEN",
			"--var %s: it is not a valid name, or the CI system reserves it", quoted(variable))
	}
	return nil
}

// isVariable reports whether name can be a variable's name in a shell.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// maySet reports whether a job may set the variable.
func maySet(name string) bool {
	for _, own := range []string{"GITHUB_", "RUNNER_", "CGP_CRED_"} {
		if strings.HasPrefix(strings.ToUpper(name), own) {
			return false
		}
	}
	return isVariable(name) && name != "PATH" && name != "NODE_OPTIONS"
}
