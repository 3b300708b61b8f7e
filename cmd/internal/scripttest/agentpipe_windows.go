package scripttest

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
	sshagent "golang.org/x/crypto/ssh/agent"

	"cgp-cred/keystore/keystoretest"
)

// systemState is what only this system's verbs keep.
type systemState struct {
	agentPipe *keystoretest.Pipe
}

// agentPipe PEM... serves an ssh-agent with these keys at a pipe, and sets SSH_AUTH_SOCK. "agent-pipe stop" ends it. It
// is this test's: the agent of Windows is a service of the machine.
func agentPipe(ts *testscript.TestScript, neg bool, args []string) {
	u := of(ts)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: agent-pipe PEM..., agent-pipe stop")
	}
	if u.agentPipe != nil {
		ts.Check(u.agentPipe.Close())
		u.agentPipe = nil
	}
	if args[0] == "stop" {
		return
	}
	keys := sshagent.NewKeyring()
	for _, file := range args {
		text, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		key, err := ssh.ParseRawPrivateKey(text)
		ts.Check(err)
		ts.Check(keys.Add(sshagent.AddedKey{PrivateKey: key, Comment: file}))
	}
	pipe, err := keystoretest.OwnPipe()
	ts.Check(err)
	u.agentPipe = pipe
	ts.Setenv("SSH_AUTH_SOCK", pipe.Address)
	go func() {
		for {
			client, err := pipe.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = sshagent.ServeAgent(keys, client)
				_ = client.Close()
			}()
		}
	}()
}
