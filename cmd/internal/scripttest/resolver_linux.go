package scripttest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// resolver is a program of its own, for root: resolver KIND COMMAND ARGS... runs a command where names are looked up in that
// way, in a network and with files of its own. The KINDs:
//
//	nxdomain, servfail  the name server says that no name exists, or that it fails
//	mute                it says nothing
//	absent              there is no name server
//	down                there is no network at all
//	twofaced            localhost is both ::1 and 127.0.0.1; the network is the machine's own
//	liar                localhost is another machine; the network is the machine's own
func withResolver() {
	kind := os.Args[1]
	if os.Getenv("RESOLVER_INSIDE") == "" {
		flags := syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
		if kind == "twofaced" || kind == "liar" {
			flags = syscall.CLONE_NEWNS
		}
		runInside("/proc/self/exe", []string{"RESOLVER_INSIDE=yes"}, uintptr(flags), os.Args)
	}
	ts := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "resolver:", err)
			os.Exit(125)
		}
	}
	ts(unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	ts(bindOver("/etc/nsswitch.conf", "hosts: files dns\n"))
	switch kind {
	case "nxdomain":
		ts(nameServer(3))
	case "servfail":
		ts(nameServer(2))
	case "mute":
		ts(nameServer(-1))
	case "absent":
		ts(loopbackUp())
		ts(bindOver("/etc/resolv.conf", "nameserver 127.0.0.1\n"))
	case "down":
		ts(bindOver("/etc/resolv.conf", "nameserver 192.0.2.53\n"))
	case "twofaced":
		ts(bindOver("/etc/hosts", "::1 localhost\n127.0.0.1 localhost\n"))
	case "liar":
		ts(bindOver("/etc/hosts", "192.0.2.9 localhost\n"))
	default:
		ts(errors.New("there is no such KIND"))
	}
	path, err := exec.LookPath(os.Args[2])
	ts(err)
	runInside(path, nil, 0, os.Args[2:])
}

// again runs a program to its end, and ends as it does.
func runInside(path string, env []string, flags uintptr, argv []string) {
	cmd := exec.Command(path)
	cmd.Args, cmd.Env = argv, append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		fmt.Fprintln(os.Stderr, "resolver:", err)
		os.Exit(125)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// instead puts a file of that text over another, for this process and those below it.
func bindOver(file, text string) error {
	f, err := os.CreateTemp("", "resolver")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // what is mounted stays
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return unix.Mount(f.Name(), file, "", unix.MS_BIND, "")
}

// loopbackUp makes 127.0.0.1 reachable in a new network.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(s) }()
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r)
}

// nameServer answers each question with a code of RFC 1035 section 4.1.1, or with a negative code not at all.
func nameServer(code int) error {
	if err := errors.Join(loopbackUp(), bindOver("/etc/resolv.conf", "nameserver 127.0.0.1\n")); err != nil {
		return err
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		return err
	}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if code >= 0 && n > 12 {
				b[2] |= 0x80                  // an answer
				b[3] = 0x80 | byte(code)      // to a recursive question
				_, _ = c.WriteTo(b[:n], from) // the question goes back with it
			}
		}
	}()
	return nil
}

// deadEnd: deadend makes the port of the wire on ::1 one that says nothing, as an IPv6 route into the void: its queue is full,
// so that the kernel drops whoever wants to connect.
func blockIPv6(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: block-ipv6, after wire")
	}
	number, err := strconv.Atoi(ts.Getenv("WIREPORT"))
	ts.Check(err)
	address := &unix.SockaddrInet6{Port: number, Addr: [16]byte{15: 1}}
	open := func() int {
		s, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		ts.Check(err)
		ts.Defer(func() { _ = unix.Close(s) })
		return s
	}
	s := open()
	ts.Check(unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1))
	ts.Check(unix.Bind(s, address))
	ts.Check(unix.Listen(s, 0))
	for range 3 {
		if err := unix.Connect(open(), address); err != nil && !errors.Is(err, unix.EINPROGRESS) {
			ts.Fatalf("%v", err)
		}
	}
}
