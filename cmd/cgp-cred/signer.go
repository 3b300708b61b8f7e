package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cgp-cred/helper/mint"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// signerFlags set where the private key is.
type signerFlags struct {
	kind        string // empty: not given
	fingerprint string
	command     string
}

func (o *signerFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.kind, "signer", "", "`WHERE` the private key is: keychain, ssh-agent or exec (default keychain)")
	f.StringVar(&o.fingerprint, "fingerprint", "", "`SHA256:...` of the key in the ssh-agent (ssh-add -l)")
	f.StringVar(&o.command, "signer-command", "",
		"`COMMAND` that signs: absolute path and arguments, split on spaces, not run through a shell")
}

// external reports whether the key stays outside the record.
func (o signerFlags) external() bool { return o.kind != "" && o.kind != signer.KindKeychain }

// check refuses flags that contradict each other.
func (o signerFlags) check(name, keyFile string) error {
	switch o.kind {
	case "", signer.KindKeychain, signer.KindAgent, signer.KindExec:
	default:
		return usage("choose keychain, ssh-agent or exec", "signer %s is unknown", quoted(o.kind))
	}
	switch {
	case o.external() && keyFile != "":
		return usage("leave one of them out", "--private-key and --signer %s can't be used together", o.kind)
	case o.fingerprint != "" && o.kind != signer.KindAgent:
		return usage("add --signer ssh-agent", "--fingerprint names a key of an ssh-agent")
	case o.command != "" && o.kind != signer.KindExec:
		return usage("add --signer exec", "--signer-command is a program that signs")
	case o.kind == signer.KindAgent && o.fingerprint == "":
		return usage(candidates(name), "--signer ssh-agent needs the key's fingerprint")
	case o.kind == signer.KindExec && o.command == "":
		return usage(`for example --signer-command "/opt/hsm/sign --slot 3"`,
			"--signer exec needs the program that signs")
	}
	return nil
}

// candidates returns a hint with the keys that the ssh-agent holds, or why it shows none.
func candidates(name string) string {
	const add = "add --fingerprint SHA256:..., as `ssh-add -l` shows it"
	keys, err := signer.AgentKeys(signer.Options{Profile: name, Limit: keystore.Patience})
	switch {
	case err != nil:
		return strings.Join(append([]string{add, err.Error()}, fault.HintsOf(err)...), "\n")
	case len(keys) == 0:
		return add + "\nthe agent shows no RSA key: ssh-add FILE; if it is locked: ssh-add -X"
	}
	var lines []string
	for _, key := range keys {
		lines = append(lines, "--fingerprint "+key)
	}
	return strings.Join(lines, "\n")
}

// noKeygen refuses to make a key in an ssh-agent or an HSM: only their own tools can.
func (o signerFlags) noKeygen(name string) error {
	const why = "keygen makes keys only in the keychain"
	switch o.kind {
	default:
		return o.check(name, "")
	case signer.KindAgent:
		return usage("ssh-keygen -t rsa -b 4096 -f FILE\nssh-add FILE\n"+
			"cgp-cred store "+printable.Shell(name)+" --signer ssh-agent --fingerprint SHA256:... --kid KID", why)
	case signer.KindExec:
		return usage("make the key with the HSM's own tool (RSA, 4096 bits), then: "+
			"cgp-cred store "+printable.Shell(name)+" --signer exec --signer-command COMMAND --kid KID", why)
	}
}

// givenKey returns the key that the flags give: in a file, or with an external signer, which must sign once to prove
// that it works. It is nil if they give none.
func (a *app) givenKey(ctx context.Context, name, file string, o signerFlags, kid string) (*record.Key, error) {
	if !o.external() {
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
	return &record.Key{KID: kid, Signer: s}, nil
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

// waitingFor tells a user at a terminal what an external key may need.
func (a *app) waitingFor(where string) {
	if isTerminal(a.stderr) {
		a.say("waiting for the private key " + where + ": it may need a PIN, a touch or a confirmation")
	}
}
