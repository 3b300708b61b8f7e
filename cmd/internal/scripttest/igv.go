package scripttest

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startIGV: igv FASTA runs IGV Desktop beside the script, on an X server of its own, and sets IGV_PORT to where it takes
// commands. What it prints is the file igv.out; its folder is $HOME/igv. It reaches nothing but this machine.
func startIGV(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: igv FASTA")
	}
	screen, display := startXvfb(ts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address := l.Addr().String()
	ts.Check(l.Close())
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)

	out, err := os.Create(ts.MkAbs("igv.out"))
	ts.Check(err)
	cmd := command(ts, "igv", "--port", port, "--genome", ts.MkAbs(args[0]))
	// Java takes the home folder from the user database, and puts its counters into /tmp. The proxy, at which nobody listens, is for what IGV looks up at
	// its makers' when it starts; it is not used for this machine.
	cmd.Env = append(cmd.Env, "DISPLAY="+display, "JAVA_TOOL_OPTIONS=-XX:-UsePerfData -Duser.home="+ts.Getenv("HOME")+
		" -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=1 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=1")
	cmd.Stdout, cmd.Stderr = out, out
	program := start(ts, cmd)
	ts.Check(out.Close())
	ts.Defer(func() {
		if _, err := askIGV(address, "exit", 0); errors.Is(err, syscall.ECONNREFUSED) { // else it ends without an answer
			_ = screen.Process.Kill() // which ends IGV too
		}
		<-program.ended
	})
	if !program.until(func() bool {
		answer, err := askIGV(address, "echo ready", 10*time.Second) // it may take a command, and not know it yet
		return err == nil && answer == "ready"
	}) {
		ts.Fatalf("IGV takes no commands:\n%s", ts.ReadFile("igv.out"))
	}
	ts.Setenv("IGV_PORT", port)
}

// startXvfb runs an X server without a screen, and returns the display that it chose.
func startXvfb(ts *testscript.TestScript) (*exec.Cmd, string) {
	read, write, err := os.Pipe()
	ts.Check(err)
	cmd := command(ts, "Xvfb", "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{write}
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it removes its socket
		_ = cmd.Wait()
	})
	ts.Check(write.Close())
	number, err := bufio.NewReader(read).ReadString('\n')
	ts.Check(err)
	ts.Check(read.Close())
	return cmd, ":" + strings.TrimSpace(number)
}

// askIGV sends one command and returns the line that answers it. With a patience it does not wait for longer.
func askIGV(address, line string, patience time.Duration) (string, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if patience > 0 {
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			return "", err
		}
	}
	if _, err := c.Write([]byte(line + "\n")); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(answer), err
}

// tellIGV: igv-command COMMAND holds that IGV answers a command with OK, or with ! that it answers something else; the answer is
// stdout.
func igvCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: igv-command COMMAND...")
	}
	answer, err := askIGV(net.JoinHostPort("127.0.0.1", ts.Getenv("IGV_PORT")), strings.Join(args, " "), 0)
	ts.Check(err)
	_, err = ts.Stdout().Write([]byte(answer + "\n"))
	ts.Check(err)
	if (answer == "OK") == neg {
		ts.Fatalf("IGV answers %q", answer)
	}
}
