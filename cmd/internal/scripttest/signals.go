package scripttest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// signalee is a program of its own: it prints each signal that it gets, and ends a second after the first one, with
// status 7.
func printSignals() {
	got := make(chan os.Signal, 16)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	fmt.Println("ready")
	fmt.Println("got", <-got)
	for end := time.After(time.Second); ; {
		select {
		case s := <-got:
			fmt.Println("got", s)
		case <-end:
			os.Exit(7)
		}
	}
}

// send-signal INT|TERM|HUP|KILL STATUS COMMAND... runs a command, sends it the signal once it has printed a line, and holds
// its exit status, 128+n where it died of signal n. What it printed is stdout and stderr.txt.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	known := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	if neg || len(args) < 3 || known[args[0]] == 0 {
		ts.Fatalf("usage: send-signal INT|TERM|HUP|KILL STATUS COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	cmd := command(ts, args[2], args[3:]...)
	read, write, err := os.Pipe()
	ts.Check(err)
	text, err := os.Create(ts.MkAbs("stderr.txt"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = write, text
	ts.Check(cmd.Start())
	ts.Check(write.Close())
	ts.Check(text.Close())
	out := bufio.NewReader(read)
	first, err := out.ReadString('\n')
	ts.Check(err)
	ts.Check(cmd.Process.Signal(known[args[0]]))
	_ = cmd.Wait() // its status is what counts
	rest, err := io.ReadAll(out)
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), first+string(rest))
	ts.Check(err)
	status := cmd.ProcessState.ExitCode()
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		status = 128 + int(ws.Signal())
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d; it printed %q", status, want, first+string(rest))
	}
}
