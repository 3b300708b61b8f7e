package scripttest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"cgp-cred/keystore/keystoretest"
)

// terminal DIALOGUE COMMAND... runs a command on a terminal of its own, as the terminal's foreground job. The file
// DIALOGUE says what a user sees and does, a step a line: "see TEXT", "type TEXT", "begin TEXT" without the Enter key, "press ^C", and "echo on" or "echo off"
// for whether the terminal shows what is typed. What the terminal showed is stdout. A step waits for as long as the command
// runs.
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: terminal DIALOGUE COMMAND ARGS...")
	}
	keystoretest.Require(of(ts), keystoretest.Terminal)
	p, err := openPTY()
	ts.Check(err)
	defer p.close()
	cmd := command(ts, args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.user, p.user, p.user
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	ts.Check(cmd.Start())
	var ended error
	go func() {
		ended = cmd.Wait()
		close(p.ended)
	}()
	problem := p.play(ts.ReadFile(args[0]))
	if problem != "" {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.ended
	echo := p.echo()
	fmt.Fprint(ts.Stdout(), p.all())
	switch {
	case problem != "":
		ts.Fatalf("%s", problem)
	case !echo:
		ts.Fatalf("the terminal is left without echo")
	case (ended != nil) != neg:
		ts.Fatalf("terminal: %v", ended)
	}
}

// pty is a pseudo-terminal.
type pty struct {
	user   *os.File // a program's side
	screen *os.File // the other one

	ended chan struct{} // the command's end

	mu    sync.Mutex
	shown bytes.Buffer
	more  chan struct{} // that there is
	read  int           // up to here it has been seen
	done  chan struct{} // nothing more is read
}

// openPTY makes one with an 80 by 24 screen.
func openPTY() (*pty, error) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	p := &pty{screen: screen, ended: make(chan struct{}), more: make(chan struct{}, 1), done: make(chan struct{})}
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
	_ = p.screen.Close()
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

// watch keeps what the terminal shows.
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

// all is what was shown so far, with the line ends of a file. Programs that the command started may still have the terminal
// open, so an end mark follows what the command wrote.
func (p *pty) all() string {
	const mark = "\x04that was all\x04"
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

// play carries out a dialogue and says what went wrong, or nothing.
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
		case "begin":
			_, err := p.screen.WriteString(text)
			ok = err == nil
		case "type":
			_, err := p.screen.WriteString(text + "\r")
			ok = err == nil
		case "press":
			_, err := p.screen.Write([]byte{text[1] &^ 0x40})
			ok = err == nil
		default:
			return fmt.Sprintf("dialogue: %q is no step", line)
		}
		if !ok {
			return fmt.Sprintf("waited in vain to %s; the terminal showed %q", line, p.all())
		}
	}
	return ""
}

// see reports whether text has been shown since the last that was seen.
func (p *pty) see(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := strings.Index(p.shown.String()[p.read:], text)
	if i >= 0 {
		p.read += i + len(text)
	}
	return i >= 0
}

// await reports whether something comes about before the command ends, or has when it does.
func (p *pty) await(ready func() bool) bool {
	if p.wait(ready, p.ended) {
		return true
	}
	_ = p.all() // what it wrote last
	return ready()
}

// wait reports whether something comes about before the end. Nobody tells of a change of the terminal's settings.
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
