//go:build linux

// Guest is the last process that a kernel of nodes.NFS starts. It forwards a port of the loopback interface to the
// machine that runs the kernel, and runs programs for that machine.
//
// usage: guest FORWARDED TARGET CONTROL
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"cgp-cred/cmd/internal/nodes/guest/order"
)

func main() {
	fmt.Fprintln(os.Stderr, "guest:", serve(os.Args[1:]))
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF) // a kernel without a first process would never end
}

func serve(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: guest FORWARDED TARGET CONTROL")
	}
	var here net.ListenConfig
	forwarded, err := here.Listen(context.Background(), "tcp", args[0])
	if err != nil {
		return err
	}
	control, err := here.Listen(context.Background(), "tcp", args[2])
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := forwarded.Accept()
			if err != nil {
				return
			}
			go forward(c, args[1])
		}
	}()
	server := &http.Server{Handler: http.HandlerFunc(run), ReadHeaderTimeout: time.Hour}
	return server.Serve(control)
}

// forward passes everything on in both directions, until one side ends it.
func forward(from net.Conn, target string) {
	defer from.Close() //nolint:errcheck // the other side sees that it has ended
	var dialer net.Dialer
	to, err := dialer.DialContext(context.Background(), "tcp", target)
	if err != nil {
		return
	}
	defer to.Close() //nolint:errcheck // see above
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			ended <- struct{}{}
		}()
	}
	<-ended
}

// run runs a program as the order says, and answers how it ended.
func run(w http.ResponseWriter, r *http.Request) {
	var o order.Order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil || len(o.Argv) == 0 {
		http.Error(w, fmt.Sprint("not an order: ", err), http.StatusBadRequest)
		return
	}
	var out, text bytes.Buffer
	cmd := exec.CommandContext(r.Context(), o.Argv[0], o.Argv[1:]...) //nolint:gosec // of a test
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", o.Env, &out, &text
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: o.UID, Gid: o.UID}}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	code := status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	_ = json.NewEncoder(w).Encode(order.Outcome{Status: code, Stdout: out.String(), Stderr: text.String()})
}
