//go:build unix

package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/await"
)

// stopped is the signal that stops this process after Ctrl-Z until a shell continues it. Go keeps its handler of
// SIGTSTP. The kernel ignores this one too if there is no shell.
const stopped = syscall.SIGTTIN

// longest is how much of a line a terminal keeps.
const longest = 4096

// dialogue is a question at a terminal.
type dialogue struct {
	fd       int
	out      io.Writer
	question string
	was      unix.Termios // the settings before the question
	during   unix.Termios // and while it is asked
}

func ask(ctx context.Context, in *os.File, out io.Writer, question string, hidden bool) ([]byte, error) {
	d := dialogue{fd: int(in.Fd()), out: out, question: question} // a descriptor fits an int
	was, err := unix.IoctlGetTermios(d.fd, getSettings)
	if err != nil {
		return nil, err
	}
	d.was, d.during = *was, *was
	d.during.Iflag |= unix.ICRNL
	d.during.Lflag |= unix.ICANON | unix.ISIG
	if hidden {
		d.during.Lflag &^= unix.ECHO
	}
	signals := make(chan os.Signal, 8)
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGCONT,
	} {
		if !signal.Ignored(s) { // as with nohup
			signal.Notify(signals, s)
		}
	}
	defer signal.Stop(signals)
	d.begin()
	line, ended, err := d.wait(ctx, signals)
	d.set(&d.was)
	if hidden || !ended {
		fmt.Fprintln(out)
	}
	return line, err
}

// begin prepares the terminal and then prints the question, so that the answer to a question that is seen is hidden.
func (d *dialogue) begin() {
	d.set(&d.during)
	fmt.Fprint(d.out, d.question)
}

// set changes the terminal's settings, and drops what was typed and not read. If the terminal has gone, reading from it
// fails too.
func (d *dialogue) set(to *unix.Termios) { _ = unix.IoctlSetTermios(d.fd, setSettings, to) }

// wait returns the answer, and whether the user ended it with Enter.
func (d *dialogue) wait(ctx context.Context, signals <-chan os.Signal) (line []byte, ended bool, err error) {
	type answer struct {
		line  []byte
		ended bool
	}
	answers := await.Start(func() (answer, error) {
		line, ended, err := readLine(d.fd)
		return answer{line, ended}, err
	})
	for {
		select {
		case a := <-answers:
			return a.Value.line, a.Value.ended, a.Err
		case <-ctx.Done():
			return nil, false, d.over(ctx, signals)
		case s := <-signals:
			switch s {
			case syscall.SIGTSTP: // Ctrl-Z: the shell gets the terminal as it was
				d.set(&d.was)
				fmt.Fprintln(d.out)
				raise(stopped)
				d.begin()
			case syscall.SIGCONT:
				d.resume()
			default:
				return nil, false, &Interrupted{Signal: s}
			}
		}
	}
}

// over returns the error of a question whose context has ended. The signal that ended it may be on its way.
func (d *dialogue) over(ctx context.Context, signals <-chan os.Signal) error {
	if err := ctx.Err(); !errors.Is(err, context.Canceled) {
		return err
	}
	select {
	case s := <-signals:
		return &Interrupted{Signal: s}
	default:
		return &Interrupted{Signal: os.Interrupt}
	}
}

// resume asks again after a stop that only the kernel has seen, if the shell has changed the terminal meanwhile.
func (d *dialogue) resume() {
	now, err := unix.IoctlGetTermios(d.fd, getSettings)
	if err == nil && now.Lflag != d.during.Lflag {
		d.begin()
	}
}

// Raise ends this process by the signal. SIGQUIT would print each goroutine's stack: the exit status has to do.
func (e *Interrupted) Raise() {
	if s, ok := e.Signal.(syscall.Signal); ok && s != syscall.SIGQUIT {
		raise(s)
	}
}

// readLine reads one line, and reports whether it has its line end. Ctrl-D ends it too: with text the text counts.
func readLine(fd int) (line []byte, ended bool, err error) {
	buffer := make([]byte, longest)
	defer clear(buffer)
	n, err := unix.Read(fd, buffer)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Read(fd, buffer)
	}
	if n > 0 {
		ended = buffer[n-1] == '\n' // clean clears it
		return clean(buffer[:n]), ended, nil
	}
	_, gone := unix.IoctlGetTermios(fd, getSettings)
	if err != nil || gone != nil { // SIGHUP is on its way, or was lost
		return nil, false, &Interrupted{Signal: syscall.SIGHUP}
	}
	return nil, false, ErrEnded
}
