package scripttest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// with-manager FILE COMMAND... is a program: it runs a command as systemd does with Type=notify, passes SIGTERM, SIGHUP
// and SIGUSR1 on to it, and adds each message that comes as a line to FILE, its lines with | between them. It ends
// with the command's status.
func withManager() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: with-manager FILE COMMAND ARGS...")
		os.Exit(2)
	}
	status, err := manage(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with-manager:", err)
		status = 125
	}
	os.Exit(status)
}

func manage(file string, command []string) (status int, err error) {
	folder, err := os.MkdirTemp("", "n") // a socket's name is short
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	address := &net.UnixAddr{Name: filepath.Join(folder, "notify"), Net: "unixgram"}
	socket, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		return 0, err
	}
	log, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for buf := make([]byte, 4096); ; {
			n, err := socket.Read(buf)
			if err != nil || string(buf[:n]) == "end" {
				return
			}
			fmt.Fprintln(log, strings.ReplaceAll(string(buf[:n]), "\n", "|"))
		}
	}()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, renewSignal)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+address.Name, "WATCHDOG_USEC=3000000")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	_ = cmd.Wait() // the status is returned
	last, err := net.DialUnix("unixgram", nil, address)
	if err != nil {
		return 0, err
	}
	if _, err := last.Write([]byte("end")); err != nil {
		return 0, err
	}
	<-over
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
