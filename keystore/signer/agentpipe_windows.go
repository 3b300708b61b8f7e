package signer

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/await"
	"cgp-cred/keystore/printable"
)

const (
	pipes     = `\\.\pipe\`                 // of this machine
	usualPipe = pipes + "openssh-ssh-agent" // of Windows' own agent, and of others in its place

	startAgent = "start Windows' own agent, once, in PowerShell as administrator: " +
		"Set-Service ssh-agent -StartupType Automatic; Start-Service ssh-agent\nthen: ssh-add FILE"

	// notThat follows what is wrong with the other end.
	notThat = "end that program, or take " + socketName + " out of the environment\n" + startAgent

	// notThere is for a pipe that no process serves.
	notThere = startAgent
)

// agentAddress returns the pipe that value names, as `\\.\pipe\NAME` or `//./pipe/NAME`, or else that of Windows' own
// agent, as Windows' ssh does.
func agentAddress(value string) (string, error) {
	if value == "" {
		return usualPipe, nil
	}
	path := strings.ReplaceAll(value, "/", `\`)
	if len(path) <= len(pipes) || !strings.EqualFold(path[:len(pipes)], pipes) ||
		strings.Contains(path[len(pipes):], `\`) {
		return "", noAgent(
			socketName+" is "+printable.Quote(value)+", not a pipe such as "+usualPipe,
			"the agents of Git Bash, Cygwin and WSL can't be used by programs of Windows: take "+socketName+
				" out of the environment\n"+startAgent,
		)
	}
	return path, nil
}

// agentPlace names the agent's address in a message.
func agentPlace(path string) string { return "the pipe " + printable.Quote(path) }

// dialAgent opens a pipe, and waits while each of its ends is in use. The program that serves it learns who asks, and
// can't act in that user's name.
func dialAgent(ctx context.Context, path string) (connection, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const (
		access = windows.GENERIC_READ | windows.GENERIC_WRITE
		flags  = windows.FILE_FLAG_OVERLAPPED | windows.SECURITY_SQOS_PRESENT | windows.SECURITY_IDENTIFICATION
	)
	for {
		h, err := windows.CreateFile(name, access, 0, nil, windows.OPEN_EXISTING, flags, 0)
		switch {
		case err == nil:
			return withDeadlines(os.NewFile(uintptr(h), path))
		case !errors.Is(err, windows.ERROR_PIPE_BUSY):
			return nil, err
		}
		if err := await.Sleep(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// withDeadlines closes a pipe that can't have any: a call could wait without end.
func withDeadlines(pipe *os.File) (connection, error) {
	if err := pipe.SetDeadline(time.Time{}); err != nil {
		_ = pipe.Close()
		return nil, err
	}
	return pipe, nil
}
