package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What a proxy is asked for.
const (
	downloadSize = 256 << 20 // of a round
	largeSize    = 2 << 30   // once, for the memory
	smallSize    = 4 << 10
	clients      = 1000
)

// The ways to the API, which the tables name.
const (
	direct     = "direct"
	bareRelay  = "relay"
	serveRelay = "serve"
)

// relay is one way to an API: the API itself, a bare proxy, or cgp-cred serve.
type relay struct {
	name string
	base string
	http *http.Client
	pid  int
}

// relays measures downloads and many requests at once through cgp-cred serve, through a bare reverse proxy and without
// one, in turn, and adds the times to m. It returns what the table about memory says of cgp-cred serve.
func (s *scene) relays(ctx context.Context, st *stage, rounds int, m measured) (memory string, err error) {
	ways, err := s.ways(ctx, st)
	if err != nil {
		return "", err
	}
	for round := range rounds {
		for i := range ways {
			way := ways[(round+i)%len(ways)]
			took, err := way.download(ctx, downloadSize)
			if err != nil {
				return "", fmt.Errorf("%s: %w", way.name, err)
			}
			m["download "+way.name] = append(m["download "+way.name], took.Seconds())
			if took, err = way.crowd(ctx); err != nil {
				return "", fmt.Errorf("%s: %w", way.name, err)
			}
			m["crowd "+way.name] = append(m["crowd "+way.name], took.Seconds())
		}
	}
	serve := ways[len(ways)-1]
	if _, err := serve.download(ctx, largeSize); err != nil {
		return "", err
	}
	return largest(serve.pid)
}

// ways starts the API and both proxies.
func (s *scene) ways(ctx context.Context, st *stage) ([]relay, error) {
	for _, name := range []string{"origin", "relay"} {
		if err := s.build(ctx, name, "./cmd/internal/bench/programs/"+name); err != nil {
			return nil, err
		}
	}
	certificate := s.file("origin.pem")
	host, _, err := s.start(ctx, st, s.file("origin"), certificate)
	if err != nil {
		return nil, err
	}
	bare, barePID, err := s.start(ctx, st, s.file("relay"), host, certificate)
	if err != nil {
		return nil, err
	}
	if _, err := s.run(ctx, "", s.file("cgp-cred"), "store", "relay", "--host", host, "--kid", kid,
		"--private-key", s.file("key.pem"), "--api-key-file", s.file("api-key"),
		"--token-url", s.endpoint()); err != nil {
		return nil, err
	}
	line, pid, err := s.start(ctx, st, s.file("cgp-cred"), "serve", "relay", "--ca-file", certificate)
	if err != nil {
		return nil, err
	}
	var place struct {
		BaseURL string `json:"base_url"`
	}
	if err := json.Unmarshal([]byte(line), &place); err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	text, err := os.ReadFile(certificate)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := func() *http.Client {
		return &http.Client{Transport: &http.Transport{
			MaxIdleConnsPerHost: clients, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}}
	}
	return []relay{
		{direct, "https://" + host, client(), 0},
		{bareRelay, bare, client(), barePID},
		{serveRelay, place.BaseURL, client(), pid},
	}, nil
}

// endpoint returns the URL of the token endpoint.
func (s *scene) endpoint() string {
	text, _ := os.ReadFile(s.file("endpoint"))
	return string(text)
}

// start starts a server in the scene, and returns the line that it prints when it listens.
func (s *scene) start(ctx context.Context, st *stage, argv ...string) (line string, pid int, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = s.env
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", 0, err
	}
	st.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err = bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), cmd.Process.Pid, err
}

// download reads an answer of a size.
func (r relay) download(ctx context.Context, size int64) (time.Duration, error) {
	begun := time.Now()
	err := r.read(ctx, size)
	return time.Since(begun), err
}

// crowd sends many requests at once.
func (r relay) crowd(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	failed := make([]error, clients)
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() { failed[i] = r.read(ctx, smallSize) })
	}
	running.Wait()
	return time.Since(begun), errors.Join(failed...)
}

// read reads one answer, and counts its bytes.
func (r relay) read(ctx context.Context, size int64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/bytes?n="+strconv.FormatInt(size, 10), nil)
	if err != nil {
		return err
	}
	answer, err := r.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	n, err := io.Copy(io.Discard, answer.Body)
	if err == nil && (n != size || answer.StatusCode != http.StatusOK) {
		err = fmt.Errorf("status %d, %d bytes of %d", answer.StatusCode, n, size)
	}
	return err
}

// largest returns the largest resident set that a process has had, in MiB.
func largest(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	return fmt.Sprintf("%d MiB", kib>>10), err
}
