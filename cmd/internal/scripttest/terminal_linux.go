package scripttest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"cgp-cred/keystore/keystoretest"
)

// terminal DIALOGUE[,DIALOGUE...] COMMAND... runs a command as the foreground job of a new terminal. The files have
// what the user sees and does, a step in each line: "see TEXT", "type TEXT" (^M in it is the Enter key, too), "begin
// TEXT" without the Enter key, "paste TEXT" with the marks of a bracketed paste, "press ^C", "send SIGNAL", "resize",
// "hang up", "create FILE", and "echo on" or "echo off", which wait until the terminal does or does not show what is
// typed. "status N" waits for the end, with this exit status. The terminal's text is stdout. A step waits for as long
// as the command runs.
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: terminal DIALOGUE COMMAND ARGS...")
	}
	keystoretest.Require(of(ts), keystoretest.Terminal)
	cmd := command(ts, args[1], args[2:]...)
	var dialogue strings.Builder
	for file := range strings.SplitSeq(args[0], ",") {
		dialogue.WriteString(strings.TrimSpace(ts.ReadFile(file)) + "\n")
	}
	shown, echo, problem, err := onTerminal(cmd, dialogue.String())
	fmt.Fprint(ts.Stdout(), shown)
	switch {
	case problem != "":
		ts.Fatalf("%s", problem)
	case !echo:
		ts.Fatalf("the terminal is left without echo")
	case (err != nil) != neg:
		ts.Fatalf("terminal: %v", err)
	}
}

// OnTerminal runs a command as the foreground job of a new terminal, with a user who does what a dialogue of the verb
// terminal says. It returns what the terminal has shown, and the error of the dialogue, or that of the command.
func OnTerminal(cmd *exec.Cmd, dialogue string) (shown string, err error) {
	shown, _, problem, err := onTerminal(cmd, dialogue)
	if problem != "" {
		err = errors.New(problem)
	}
	return shown, err
}

func onTerminal(cmd *exec.Cmd, dialogue string) (shown string, echo bool, problem string, err error) {
	p, err := openPTY()
	if err != nil {
		return "", false, err.Error(), err
	}
	defer p.close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.user, p.user, p.user
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return "", false, err.Error(), err
	}
	go func() {
		err = cmd.Wait()
		close(p.ended)
	}()
	p.command = cmd
	if problem = p.play(dialogue); problem != "" {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.ended
	echo = p.hungUp || p.echo()
	return p.all(), echo, problem, err
}

// pty is a pseudo-terminal.
type pty struct {
	user   *os.File // the command's side
	screen *os.File // the user's side

	command *exec.Cmd
	hungUp  bool // screen is closed

	ended chan struct{} // closed when the command ends

	mu    sync.Mutex
	shown bytes.Buffer
	more  chan struct{} // there is more in shown
	read  int           // how much of shown the user has seen
	done  chan struct{} // closed when nothing more is read
}

// openPTY makes a pseudo-terminal with a screen of 80 by 24.
func openPTY() (*pty, error) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	p := &pty{
		screen: screen, ended: make(chan struct{}), more: make(chan struct{}, 1), done: make(chan struct{}),
	}
	var number int
	err = p.control(func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	if err == nil {
		p.user, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = screen.Close()
		return nil, err
	}
	go p.watch()
	return p, nil
}

func (p *pty) close() {
	_ = p.user.Close()
	_ = p.screen.Close() // perhaps again
	<-p.done
}

func (p *pty) control(f func(fd int) error) error {
	raw, err := p.screen.SyscallConn()
	if err != nil {
		return err
	}
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// watch collects what the terminal shows.
func (p *pty) watch() {
	defer close(p.done)
	b := make([]byte, 4096)
	for {
		n, err := p.screen.Read(b)
		p.mu.Lock()
		p.shown.Write(b[:n])
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// all returns what was shown so far, with the line ends of a file. Programs that the command started may still have the
// terminal open, so it writes a mark after the command's text, and reads up to the mark.
func (p *pty) all() string {
	const mark = "\x04that was all\x04"
	if p.hungUp {
		return ""
	}
	if _, err := p.user.WriteString(mark); err != nil {
		return err.Error()
	}
	p.wait(func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return strings.Contains(p.shown.String(), mark)
	}, p.done)
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.ReplaceAll(strings.ReplaceAll(p.shown.String(), mark, ""), "\r\n", "\n")
}

// echo reports whether the terminal shows what is typed.
func (p *pty) echo() bool {
	on := false
	err := p.control(func(fd int) error {
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		on = err == nil && t.Lflag&unix.ECHO != 0
		return err
	})
	return err == nil && on
}

// play plays a dialogue, and returns what went wrong, or nothing.
func (p *pty) play(dialogue string) string {
	for line := range strings.SplitSeq(strings.TrimSpace(dialogue), "\n") {
		verb, text, _ := strings.Cut(line, " ")
		ok := true
		switch verb {
		case "":
		case "see":
			ok = p.await(func() bool { return p.see(text) })
		case "echo":
			ok = p.await(func() bool { return p.echo() == (text == "on") })
		case "status":
			<-p.ended
			ok = strconv.Itoa(p.status()) == text
		case "begin":
			ok = p.keys(text)
		case "type":
			ok = p.keys(strings.ReplaceAll(text, "^M", "\r") + "\r")
		case "paste":
			ok = p.keys("\x1b[200~" + text + "\x1b[201~")
		case "press":
			ok = p.keys(string(rune(text[1] &^ 0x40)))
		case "send":
			ok = p.command.Process.Signal(unix.SignalNum("SIG"+text)) == nil
		case "resize":
			ok = p.control(func(fd int) error {
				return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 10, Col: 30})
			}) == nil
		case "create":
			ok = os.WriteFile(filepath.Join(p.command.Dir, text), nil, 0o600) == nil
		case "hang":
			p.hungUp = true
			ok = p.screen.Close() == nil
		default:
			return fmt.Sprintf("dialogue: the step %q is unknown", line)
		}
		if !ok {
			return fmt.Sprintf("the step %q did not happen; the terminal showed %q", line, p.all())
		}
	}
	return ""
}

// keys presses keys.
func (p *pty) keys(text string) bool {
	_, err := p.screen.WriteString(text)
	return err == nil
}

// status returns the exit status of the command that has ended, as a shell reports it.
func (p *pty) status() int {
	if s, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return p.command.ProcessState.ExitCode()
}

// see reports whether the text was shown after what the user has already seen.
func (p *pty) see(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := strings.Index(p.shown.String()[p.read:], text)
	if i >= 0 {
		p.read += i + len(text)
	}
	return i >= 0
}

// await reports whether something happens before or at the end of the command.
func (p *pty) await(ready func() bool) bool {
	if p.wait(ready, p.ended) {
		return true
	}
	_ = p.all() // read what it wrote last
	return ready()
}

// wait reports whether something happens before the end. It polls, because a change of the terminal's settings is not
// reported.
func (p *pty) wait(ready func() bool, end <-chan struct{}) bool {
	for !ready() {
		select {
		case <-end:
			return false
		case <-p.more:
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}
