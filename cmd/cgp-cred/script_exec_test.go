package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// signalee is a program of its own: it prints each signal that it gets, and ends a second after the first one, with
// status 7.
func signalee() {
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
func signalled(ts *testscript.TestScript, neg bool, args []string) {
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

// writeSAM: write-sam FILE writes aligned reads that take about eight megabytes as BAM.
func writeSAM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: write-sam FILE")
	}
	random := rand.New(rand.NewPCG(1, 2))
	const reads, length = 60_000, 150
	var b strings.Builder
	fmt.Fprintf(&b, "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:%d\n", reads*100+length)
	for i := range reads {
		fmt.Fprintf(&b, "r%d\t0\tchr1\t%d\t60\t%dM\t*\t0\t0\t", i, i*100+1, length)
		for range length {
			b.WriteByte("ACGT"[random.IntN(4)])
		}
		b.WriteByte('\t')
		for range length {
			b.WriteByte(byte('#' + random.IntN(40)))
		}
		b.WriteByte('\n')
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// fileServer: file-server NAME DELAY [open] serves the script's folder over https, ranges too, to whoever brings a token that
// the simulator knows, each request after a delay; an open one serves it over http, to everyone. It sets NAME to its host,
// NAME_PORT to its port, and for https CURL_CA_BUNDLE. The file NAME.log has a line a request: status, and a hash of the token, or - where there
// was none.
func fileServer(ts *testscript.TestScript, neg bool, args []string) {
	open := len(args) == 3 && args[2] == "open"
	if neg || len(args) != 2 && !open {
		ts.Fatalf("usage: file-server NAME DELAY [open]")
	}
	delay, err := time.ParseDuration(args[1])
	ts.Check(err)
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	api := ts.Getenv("BASE") + "/hello-world/hello/application"
	files := http.FileServer(http.Dir(ts.MkAbs(".")))
	start := httptest.NewTLSServer
	if open {
		start = httptest.NewServer
	}
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		authorization := r.Header.Get("Authorization")
		who := "-"
		if authorization != "" {
			who = fmt.Sprintf("%x", sha256.Sum256([]byte(authorization)))[:12]
		}
		if !open && !accepted(api, authorization) {
			_, _ = fmt.Fprintln(log, http.StatusUnauthorized, who)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintln(log, http.StatusOK, who)
		files.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
		_ = log.Close()
	})
	_, host, _ := strings.Cut(s.URL, "://")
	_, port, _ := strings.Cut(host, ":")
	ts.Setenv(args[0], host)
	ts.Setenv(args[0]+"_PORT", port)
	if open {
		return
	}
	ca := ts.MkAbs("fileserver.pem")
	ts.Check(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	ts.Setenv("CURL_CA_BUNDLE", ca)
}

// notokens holds that no folder of a token file remains where the script's user has them.
func noTokens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: no-token-folders")
	}
	found, err := filepath.Glob(filepath.Join(ts.Getenv("WORK"), "*", "cgp-cred", "exec-*"))
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("%q remain", found)
	}
}
