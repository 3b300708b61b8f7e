package scripttest

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// igv FASTA starts IGV Desktop on a new X server, and sets IGV_PORT to the port for its commands. Its output is in
// igv.out, and its folder is $HOME/igv. It can't reach other machines. "igv run-recipe NAME" runs a recipe that starts
// it, with GENOME and BAM. "igv stop" ends it.
func startIGV(ts *testscript.TestScript, neg bool, args []string) {
	isRecipe := len(args) == 2 && args[0] == "run-recipe"
	if neg || len(args) != 1 && !isRecipe {
		ts.Fatalf("usage: igv FASTA, igv run-recipe NAME, igv stop")
	}
	if end := of(ts).endIGV; args[0] == "stop" && end != nil {
		end()
		return
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
	writeIGVPreferences(ts, port)
	cmd := command(ts, "igv", "--genome", ts.MkAbs(args[0]))
	if isRecipe {
		cmd = command(ts, "bash", "-c", Recipe(of(ts), of(ts).repository, args[1]))
		cmd.Env = append(cmd.Env, "GENOME="+ts.Getenv("GENOME"), "BAM="+ts.Getenv("BAM"))
	}
	// Java takes the home folder from the user database, and writes counters to /tmp. The proxy, on which no process
	// listens, stops what IGV downloads when it starts; it is not used for this machine.
	cmd.Env = append(cmd.Env, "DISPLAY="+display, "JAVA_TOOL_OPTIONS=-XX:-UsePerfData -Duser.home="+ts.Getenv("HOME")+
		" -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=1 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=1")
	cmd.Stdout, cmd.Stderr = out, out
	program := start(ts, cmd)
	ts.Check(out.Close())
	end := sync.OnceFunc(func() {
		if _, err := askIGV(address, "exit", 0); errors.Is(err, syscall.ECONNREFUSED) { // other errors: it has ended
			_ = screen.Process.Kill() // that ends IGV too
		}
		<-program.ended
	})
	of(ts).endIGV = end
	ts.Defer(end)
	if !program.until(func() bool {
		answer, err := askIGV(address, "echo ready", 10*time.Second) // while it starts, it may not answer a command
		return err == nil && answer == "ready"
	}) {
		ts.Fatalf("IGV accepts no commands:\n%s", ts.ReadFile("igv.out"))
	}
	ts.Setenv("IGV_PORT", port)
}

// writeIGVPreferences tells IGV its port, and gives it an empty list of genomes: without one it shows a dialog, and
// waits.
func writeIGVPreferences(ts *testscript.TestScript, port string) {
	folder := filepath.Join(ts.Getenv("HOME"), "igv")
	genomes := filepath.Join(folder, "none.txt")
	ts.Check(os.MkdirAll(folder, 0o700))
	ts.Check(os.WriteFile(genomes, nil, 0o600))
	text := "PORT_NUMBER=" + port + "\nIGV.genome.sequence.dir=" + genomes + "\n"
	ts.Check(os.WriteFile(filepath.Join(folder, "prefs.properties"), []byte(text), 0o600))
}

// startXvfb starts an X server without a screen, and returns its display.
func startXvfb(ts *testscript.TestScript) (*exec.Cmd, string) {
	read, write, err := os.Pipe()
	ts.Check(err)
	cmd := command(ts, "Xvfb", "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{write}
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // then it removes its socket
		_ = cmd.Wait()
	})
	ts.Check(write.Close())
	number, err := bufio.NewReader(read).ReadString('\n')
	ts.Check(err)
	ts.Check(read.Close())
	return cmd, ":" + strings.TrimSpace(number)
}

// askIGV sends one command and returns the answer, a line. It waits for the answer for at most patience, if that is
// not zero.
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

// igv-command COMMAND checks that IGV answers a command with OK, or with ! that it does not. The answer is stdout.
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
