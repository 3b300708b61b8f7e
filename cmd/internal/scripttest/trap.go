package scripttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// trapAnswer is the answer to each request of the network http.
const trapAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

// listen-as UID NETWORK ADDRESS is a program: it listens as that user, prints its address, and then a line for each
// connection and each piece of data that it gets, until its stdin ends. It does not answer; for the network http it
// answers each request with 200.
func listenAs() {
	uid, err := strconv.Atoi(os.Args[1])
	if err == nil && uid != os.Geteuid() {
		err = becomeUser(uid)
	}
	var l net.Listener
	if err == nil {
		l, err = net.Listen(strings.Replace(os.Args[2], "http", "tcp", 1), os.Args[3])
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Println("connection")
			go func() {
				b := make([]byte, 4096)
				for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
					fmt.Printf("received %q\n", b[:n])
					if os.Args[2] == "http" {
						_, _ = io.WriteString(c, trapAnswer)
					}
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// trap-listener NAME UID NETWORK [ADDRESS] listens as that user, "me" or a number, and sets NAME to the address.
// Without an address it uses a free port, or a socket in a folder that all users can write. For the network unix,
// NAME is the address of a session bus. The verbs connected and received check what it got.
func trapListener(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: trap-listener NAME UID NETWORK [ADDRESS]")
	}
	if args[2] == "unix" {
		keystoretest.Require(of(ts), keystoretest.Unix)
	}
	if args[1] == "me" {
		args[1] = strconv.Itoa(os.Geteuid())
	}
	if len(args) == 3 {
		args = append(args, anywhere(ts, args[2]))
	}
	cmd := command(ts, "listen-as", args[1:]...)
	in, err := cmd.StdinPipe()
	ts.Check(err)
	out, err := os.Create(ts.MkAbs(args[0] + ".trap"))
	ts.Check(err)
	read, write, err := os.Pipe()
	ts.Check(err)
	cmd.Stdout = write
	ts.Check(cmd.Start())
	ts.Check(write.Close())
	lines := bufio.NewReader(read)
	address, err := lines.ReadString('\n')
	ts.Check(err)
	go func() { _, _ = io.Copy(out, lines) }()
	ts.Defer(func() {
		_ = in.Close()
		_ = cmd.Wait()
		_ = read.Close()
		_ = out.Close()
	})
	address = strings.TrimSpace(address)
	if name, ok := strings.CutPrefix(address, "@"); ok {
		address = "unix:abstract=" + name
	} else if args[2] == "unix" {
		address = "unix:path=" + address
	}
	ts.Setenv(args[0], address)
}

// anywhere returns an address for a listener: a free port, or a socket in a folder where another user can make one.
func anywhere(ts *testscript.TestScript, network string) string {
	if network != "unix" {
		return "127.0.0.1:0"
	}
	folder, err := os.MkdirTemp("", "trap")
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(folder) })
	ts.Check(os.Chmod(folder, 0o777|os.ModeSticky))
	return filepath.Join(folder, "bus")
}

// connected NAME checks that a program connected to a trap.
func connected(ts *testscript.TestScript, neg bool, args []string) {
	trapGot(ts, neg, args, "connection\n")
}

// received NAME checks that a trap got at least one byte.
func received(ts *testscript.TestScript, neg bool, args []string) {
	trapGot(ts, neg, args, "received ")
}

// trapGot checks that a line of a trap's record has the prefix, or with neg that no line has. First it connects to
// the trap itself: once the record has that connection, it has all earlier ones.
func trapGot(ts *testscript.TestScript, neg bool, args []string, prefix string) {
	if len(args) != 1 {
		ts.Fatalf("usage: connected NAME, received NAME")
	}
	const own = "received \"this is the test\"\n"
	record := ts.ReadFile(args[0] + ".trap")
	times := strings.Count(record, own) + 1
	dial(ts, ts.Getenv(args[0]), "this is the test")
	for ; strings.Count(record, own) < times; time.Sleep(5 * time.Millisecond) {
		record = ts.ReadFile(args[0] + ".trap")
	}
	record = strings.Replace(strings.ReplaceAll(record, own, ""), "connection\n", "", times)
	if found := strings.Contains("\n"+record, "\n"+prefix); found == neg {
		ts.Fatalf("%s got %q", args[0], record)
	}
}

// dial connects to a trap, and sends a text.
func dial(ts *testscript.TestScript, address, text string) {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:path="); ok {
		network, address = "unix", path
	} else if name, ok := strings.CutPrefix(address, "unix:abstract="); ok {
		network, address = "unix", "@"+name
	}
	c, err := net.Dial(network, address)
	ts.Check(err)
	_, err = io.WriteString(c, text)
	ts.Check(err)
	ts.Check(c.Close())
}
