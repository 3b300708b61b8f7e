package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// Each text flag of each command against each oddity: the value is clean, or the error names the flag.
func TestFlagOddities(t *testing.T) {
	t.Parallel()
	const value = "abc-DEF_12"
	try := func(args ...string) (*cobra.Command, []string, error) {
		root := rootCommand(&app{}, args)
		var called *cobra.Command
		var got []string
		for _, cmd := range root.Commands() {
			cmd.Args, cmd.RunE = nil, func(cmd *cobra.Command, args []string) error {
				called, got = cmd, args
				return nil
			}
		}
		root.SetArgs(args)
		err := root.Execute()
		return called, got, err
	}
	names := map[string][]string{
		"kid": {"KID", "APIM_KID"}, "host": {"HOST", "CGP_CRED_HOST"}, "api-key": {"API_KEY"}, "profile": {"PROFILE"}, "token-url": {"TOKEN_URL"},
		"audience": {"AUDIENCE"},
	}
	for command, flags := range map[string]string{
		"store": "host kid api-name auth api-key-file private-key token-url audience signer fingerprint signer-command keystore identity " +
			"keystore-command",
		"keygen": "host kid out", "rotate": "kid private-key out", "jwks": "merge out", "import": "profile host kid api-key-file",
		"export": "out", "get": "format ca-file passphrase-fd", "exec": "var token-dir", "simulate": "api-key jwks listen",
	} {
		for flag := range strings.FieldsSeq(flags) {
			labels := names[flag]
			for odd, change := range keystoretest.RemovedOddities {
				label := "NONE"
				if labels != nil {
					label = labels[0]
				}
				given := change(value, label)
				if strings.Contains(given, "\x00") || labels == nil && strings.Contains(given, "NONE") ||
					labels == nil && strings.Contains(given, "none") {
					continue // an argument has no NUL, and not every flag has a variable
				}
				cmd, _, err := try(command, "--"+flag, given)
				if err != nil || cmd.Flag(flag).Value.String() != value {
					t.Errorf("%s --%s, %s: %v", command, flag, odd, err)
				}
			}
			if flagKind(flag).IsPath() {
				continue
			}
			for odd, bad := range keystoretest.RefusedOddities {
				_, _, err := try(command, "--"+flag, bad.Odd(value))
				if fault.ClassOf(err) != fault.Usage || !strings.HasPrefix(err.Error(), "--"+flag+": ") || !strings.Contains(err.Error(), bad.Says) {
					t.Errorf("%s --%s, %s: %v", command, flag, odd, err)
				}
			}
		}
	}
	_, got, err := try("logout", "int\r", "'prod'", "\ufeffdev\u200b")
	if diff := difference([]string{"int", "prod", "dev"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, got, err = try("exec", "int\r", "--", "sh\r", " 'x' ")
	if diff := difference([]string{"int", "sh\r", " 'x' "}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
