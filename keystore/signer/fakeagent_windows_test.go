package signer_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/keystoretest/guard"
	"cgp-cred/keystore/signer"
)

// noAgents are values of SSH_AUTH_SOCK that lead to no agent.
var noAgents = []string{
	"relative", "/tmp/ssh-XXXXXXabcdef/agent.123", `C:\agent.sock`, `\\server\pipe\openssh-ssh-agent`, `\\.\pipe\`,
	`\\.\pipe\..\C:\agent.sock`, "//./pipe/../C:/agent.sock", guard.PipePrefix + "none",
	guard.PipePrefix + strings.Repeat("x", 300),
}

// listen returns the address of a new pipe, and what waits for a client of it.
func listen(t *testing.T) (address string, accept func() (io.ReadWriteCloser, error)) {
	t.Helper()
	pipe, err := keystoretest.OwnPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	return pipe.Address, pipe.Accept
}

// Without SSH_AUTH_SOCK it is the pipe of Windows' own agent, which a test must not ask.
func TestAgentAddress(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"": `\\.\pipe\openssh-ssh-agent`, "//./pipe/x": `\\.\pipe\x`, `\\.\PIPE\x.y`: `\\.\PIPE\x.y`,
	} {
		if got, err := signer.AgentAddress(value); got != want || err != nil {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
}

// Another user serves the pipe: nothing is asked there.
func TestAgentOfAnotherUser(t *testing.T) {
	pipe, err := keystoretest.NewPipe("S-1-5-21-1-2-3-1001")
	if errors.Is(err, windows.ERROR_INVALID_OWNER) {
		keystoretest.Require(t, keystoretest.Users)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	t.Setenv("SSH_AUTH_SOCK", pipe.Address)
	received := make(chan []byte, 1)
	go func() {
		defer close(received)
		c, err := pipe.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close() //nolint:errcheck // a fake
		b, _ := io.ReadAll(c)
		received <- b
	}()
	_, err = signer.AgentKeys(within(20 * time.Second))
	if !errors.Is(err, signer.ErrNotOurs) || !strings.Contains(err.Error(), "S-1-5-21-1-2-3-1001") {
		t.Error(err)
	}
	if b := <-received; len(b) > 0 {
		t.Errorf("it received %q", b)
	}
}
