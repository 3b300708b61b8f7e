package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper/mint"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// signerFlags say where a private key is that signs.
type signerFlags struct {
	kind        string // empty: not given
	fingerprint string
	command     string
}

func (o *signerFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.kind, "signer", "", "`WHERE` the private key is: keychain, ssh-agent or exec (default keychain)")
	f.StringVar(&o.fingerprint, "fingerprint", "", "`SHA256:...` of the key in the ssh-agent (ssh-add -l)")
	f.StringVar(&o.command, "signer-command", "", "`COMMAND` that signs: absolute path and arguments, split at blanks, no shell")
	kinds := cobra.FixedCompletions([]string{signer.KindKeychain, signer.KindAgent, signer.KindExec}, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc("signer", kinds) // the flag is there
}

// elsewhere reports that the key is not to be in the record.
func (o signerFlags) elsewhere() bool { return o.kind != "" && o.kind != signer.KindKeychain }

// check refuses flags that don't go together.
func (o signerFlags) check(name, keyFile string) error {
	switch o.kind {
	case "", signer.KindKeychain, signer.KindAgent, signer.KindExec:
	default:
		return usage("--signer keychain, ssh-agent or exec", "there is no signer %s", quoted(o.kind))
	}
	switch {
	case o.elsewhere() && keyFile != "":
		return usage("leave one of them out: the key is in the file, or elsewhere", "--private-key and --signer %s can't go together", o.kind)
	case o.fingerprint != "" && o.kind != signer.KindAgent:
		return usage("add --signer ssh-agent", "--fingerprint names a key of an ssh-agent")
	case o.command != "" && o.kind != signer.KindExec:
		return usage("add --signer exec", "--signer-command is a program that signs")
	case o.kind == signer.KindAgent && o.fingerprint == "":
		return usage(candidates(name), "--signer ssh-agent needs the key's fingerprint")
	case o.kind == signer.KindExec && o.command == "":
		return usage(`for example --signer-command "/opt/hsm/sign --slot 3"`, "--signer exec needs the program that signs")
	}
	return nil
}

// candidates is a hint that names the keys that could be meant.
func candidates(name string) string {
	keys, err := signer.AgentKeys(signer.Options{Profile: name, Limit: keystore.Patience})
	if err != nil || len(keys) == 0 {
		return "add --fingerprint SHA256:..., as `ssh-add -l` shows it"
	}
	var lines []string
	for _, key := range keys {
		lines = append(lines, "--fingerprint "+key)
	}
	return strings.Join(lines, "\n")
}

// noKeygen refuses to make a key where only its owner can.
func (o signerFlags) noKeygen(name string) error {
	const say = "keygen makes its keys in the keychain alone"
	switch o.kind {
	default:
		return o.check(name, "")
	case signer.KindAgent:
		return usage("ssh-keygen -t rsa -b 4096 -f FILE\nssh-add FILE\ncgp-cred store "+printable.Shell(name)+" --signer ssh-agent --fingerprint SHA256:... --kid KID", say)
	case signer.KindExec:
		return usage("make the key with the HSM's own tool (RSA, 4096 bits), then: cgp-cred store "+printable.Shell(name)+" --signer exec --signer-command COMMAND --kid KID", say)
	}
}

// givenKey is the key that the flags give: in a file, or with a signer elsewhere, which must sign to be taken. It is nil
// where they give none.
func (a *app) givenKey(ctx context.Context, name, file string, o signerFlags, kid string) (*record.Key, error) {
	if !o.elsewhere() {
		return a.readPrivateKey(file, kid)
	}
	s, err := findSigner(ctx, o, signer.Options{Profile: name, Limit: keystore.Patience})
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(mint.WaitingAfter, func() { a.waitingFor(s.Where()) })
	defer late.Stop()
	if err := signer.Prove(s); err != nil {
		return nil, err
	}
	return &record.Key{KID: strings.TrimSpace(kid), Signer: s}, nil
}

func findSigner(ctx context.Context, o signerFlags, with signer.Options) (signer.Signer, error) {
	if o.kind == signer.KindAgent {
		if err := signer.CheckFingerprint(o.fingerprint); err != nil {
			return nil, usage(candidates(with.Profile), "--fingerprint %s: %v", quoted(o.fingerprint), err)
		}
		return signer.NewAgent(o.fingerprint, with)
	}
	argv, err := program.Split(o.command)
	if err != nil {
		return nil, err
	}
	return signer.NewExec(ctx, argv, with)
}

// waitingFor tells someone at a terminal what a key outside the record may want.
func (a *app) waitingFor(where string) {
	if isTerminal(a.stderr) {
		a.say("waiting for the private key " + where + ": it may want a PIN, a touch or a confirmation")
	}
}
