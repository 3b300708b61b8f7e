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

// with-resolver KIND COMMAND... is a program for root: it runs a command in a new network whose name lookups go
// wrong. KIND is
//
//	nxdomain, servfail  the name server answers that no name exists, or that it failed
//	mute                the name server does not answer
//	absent              there is no name server
//	down                there is no network
//	twofaced            localhost is both ::1 and 127.0.0.1, in the machine's network
//	liar                localhost is another machine, in the machine's network
func withResolver() {
	kind := os.Args[1]
	if os.Getenv("RESOLVER_INSIDE") == "" {
		flags := syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
		if kind == "twofaced" || kind == "liar" {
			flags = syscall.CLONE_NEWNS
		}
		runInside("/proc/self/exe", []string{"RESOLVER_INSIDE=yes"}, uintptr(flags), os.Args)
	}
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "with-resolver:", err)
			os.Exit(125)
		}
	}
	check(unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	check(bindOver("/etc/nsswitch.conf", "hosts: files dns\n"))
	switch kind {
	case "nxdomain":
		check(nameServer(3))
	case "servfail":
		check(nameServer(2))
	case "mute":
		check(nameServer(-1))
	case "absent":
		check(loopbackUp())
		check(bindOver("/etc/resolv.conf", "nameserver 127.0.0.1\n"))
	case "down":
		check(bindOver("/etc/resolv.conf", "nameserver 192.0.2.53\n"))
	case "twofaced":
		check(bindOver("/etc/hosts", "::1 localhost\n127.0.0.1 localhost\n"))
	case "liar":
		check(bindOver("/etc/hosts", "192.0.2.9 localhost\n"))
	default:
		check(errors.New("KIND is unknown"))
	}
	path, err := exec.LookPath(os.Args[2])
	check(err)
	runInside(path, nil, 0, os.Args[2:])
}

// runInside runs a program, and ends with its status.
func runInside(path string, env []string, flags uintptr, argv []string) {
	cmd := exec.Command(path)
	cmd.Args, cmd.Env = argv, append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		fmt.Fprintln(os.Stderr, "with-resolver:", err)
		os.Exit(125)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// bindOver mounts a file with this text over another, for this process and its children.
func bindOver(file, text string) error {
	f, err := os.CreateTemp("", "resolver")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the mount keeps the file
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

// loopbackUp makes 127.0.0.1 reachable in a new network namespace.
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

// nameServer answers each question with a code of RFC 1035 section 4.1.1. With a negative code it does not answer.
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
				_, _ = c.WriteTo(b[:n], from) // the answer repeats the question
			}
		}
	}()
	return nil
}

// block-ipv6 makes the wire's port on ::1 silent, as if its IPv6 route were broken: its queue is full, so the kernel
// drops new connections.
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
