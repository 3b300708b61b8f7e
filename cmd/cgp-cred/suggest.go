package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/nearest"
)

// otherWords are what other programs call a command, or what people look for, and the command.
func otherWords() [][2]string {
	return [][2]string{
		{"login auth init signin sign-in config configure onboard start quickstart wizard", "setup"},
		{"login auth add set put save new create update edit credentials secret apikey api-key", "store"},
		{"generate genkey gen-key keypair newkey new-key create-key", "keygen"},
		{"public pubkey public-key jwk certs register", "jwks"},
		{"roll rekey renew-key", "rotate"},
		{"rm remove delete del signout sign-out unset destroy", "logout"},
		{"token fetch print show access-token print-access-token header credential-get bearer", "get"},
		{"refresh renew reissue", "get --force-new"},
		{"http request call", "curl URL"},
		{"proxy gateway igv browser", "serve"},
		{"clear clean flush purge forget revoke invalidate expire", "erase"},
		{"whoami info inspect describe who", "status"},
		{"ls profiles profile accounts environments envs", "list"},
		{"check diagnose diagnostics debug test health ping verify", "doctor"},
		{"run env with shell", "exec"},
		{"helper git git-credential", "credential"},
		{"install plugin python httpie", "clients install python"},
		{"backup bundle dump", "export"},
		{"migrate load", "import"},
		{"mock server simulator", "simulate"},
		{"completions autocomplete", "completion"},
		{"upgrade self-update", "version"},
	}
}

// noCommand refuses unknown commands, and suggests what was meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "cgp-cred help"
	if t, ok := findTopic(args[0]); ok {
		hint = "cgp-cred help " + t.name
	} else if like := meant(cmd, args); len(like) > 0 {
		hint = "did you mean cgp-cred " + strings.Join(like, ", cgp-cred ") + "?"
	}
	return usage(hint, "unknown command %s", quoted(args[0]))
}

// meant returns what args, which begin with no command, may mean: a profile before its command, another program's
// word, or a misspelt command.
func meant(cmd *cobra.Command, args []string) []string {
	word := strings.ToLower(args[0])
	if len(args) > 1 && profile.CheckName(word) == nil {
		if c, _, err := cmd.Find(args[1:2]); err == nil && c != cmd {
			return []string{args[1] + " " + word}
		}
	}
	var like []string
	for _, other := range otherWords() {
		if slices.Contains(strings.Fields(other[0]), word) {
			like = append(like, other[1])
		}
	}
	if len(like) > 0 {
		return like
	}
	like = cmd.SuggestionsFor(word)
	if best := nearest.Name(word, like...); best != "" {
		return []string{best}
	}
	slices.Sort(like)
	return slices.Compact(like)
}

// noSecret is the hint for a flag that would take a secret.
const noSecret = "a secret is never an argument, because other users can read those"

// otherFlags are the flags that people try, and what to give instead.
func otherFlags() [][2]string {
	return [][2]string{
		{
			"api-key apikey api_key key-value token-value",
			noSecret + ": leave it out to be asked, or --api-key-file FILE",
		},
		{"password passphrase pass", noSecret + ": leave it out to be asked, or --passphrase-file FILE"},
		{"key pem private-key-file private_key private-key-pem keyfile key-file", "--private-key FILE"},
		{"json", "--format json"},
		{"token", "--format token"},
		{"output o out-format header", "--format FORMAT"},
		{"env environment e server base-url", "--host HOST"},
		{"profile p name", "give the profile's name as the first argument"},
		{"url u", "give the URL as an argument"},
		{"key-id keyid k", "--kid KID"},
		{"method", "--auth METHOD"},
		{"cacert cafile ca", "--ca-file FILE"},
		{"refresh force no-cache renew", "--force-new"},
		{"debug d trace", "-vv"},
		{"y assume-yes no-input", "--yes"},
		{"insecure no-verify", "a certificate is always verified: --ca-file FILE adds a root"},
	}
}

// flagError turns an error of the flag parser into a usage error. Its hint is the flag that was meant, if one is like
// it, and the command's help.
func flagError(cmd *cobra.Command, err error) error {
	what, _, _ := strings.Cut(err.Error(), " in -") // print only the letter of -kSECRET
	hint := cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(hint, "%s", what)
	}
	if !cmd.HasParent() {
		hint = "a command's flags come after it; the commands: cgp-cred help"
	}
	if flag := meantFlag(cmd, unknown.GetSpecifiedName()); flag != "" {
		hint = flag + "\n" + hint
	}
	return usage(hint, "%s", what)
}

// meantFlag returns the hint for a flag that a command does not have, or "".
func meantFlag(cmd *cobra.Command, name string) string {
	lower := strings.ToLower(name)
	for _, other := range otherFlags() {
		if !slices.Contains(strings.Fields(other[0]), lower) {
			continue
		}
		flag, _, _ := strings.Cut(strings.TrimPrefix(other[1], "--"), " ")
		if !strings.HasPrefix(other[1], "--") || cmd.Flags().Lookup(flag) != nil {
			return other[1]
		}
	}
	var names []string
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	if like := nearest.Name(strings.ReplaceAll(lower, "_", "-"), names...); like != "" {
		return "did you mean --" + like + "?"
	}
	return ""
}
