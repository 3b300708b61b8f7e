package simulator

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
)

// ServeOptions say where [Serve] listens and what it tells.
type ServeOptions struct {
	// where BaseURL is empty, clients may call by any name of this machine; where Log is nil, Stderr gets it
	Config      Config
	Listen      string    // HOST:PORT; empty: 127.0.0.1:0, a free port
	TLS         bool      // https, by a certification authority made for this call
	AllowRemote bool      // Listen may be more than loopback
	Stdout      io.Writer // gets the one JSON line; nil: nobody does
	Stderr      io.Writer // gets a line a request; nil: nobody does
}

// cantListen returns the error of an address on which nothing can listen, such as a port in use.
func cantListen(address string, err error) error {
	return fault.Wrap(fault.Usage, "listen on 127.0.0.1:0 for a free port", fmt.Sprintf("listening on %q", address),
		err)
}

// listening is the JSON line.
type listening struct {
	BaseURL  string `json:"base_url"`
	Host     string `json:"host"`
	TokenURL string `json:"token_url"`
	CAFile   string `json:"ca_file,omitempty"`
}

// Serve listens, writes one JSON line to o.Stdout that says where ({"base_url","host","token_url"}, and with TLS
// "ca_file"), and serves until ctx ends, which is no error. The file of the certificate goes with it.
func Serve(ctx context.Context, o ServeOptions) error {
	listener, err := listen(ctx, cmp.Or(o.Listen, "127.0.0.1:0"), o.AllowRemote)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // again, but for the early returns
	place := listening{Host: reachable(listener.Addr())}
	place.BaseURL = "http://" + place.Host
	if o.TLS {
		folder, config, err := authority(listener.Addr())
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }() // a certificate that stays harms nobody
		place.BaseURL, place.CAFile = "https://"+place.Host, filepath.Join(folder, caFile)
		listener = tls.NewListener(listener, config)
	}
	place.TokenURL = place.BaseURL + "/oauth2/token"
	if o.Stdout != nil {
		if err := json.NewEncoder(o.Stdout).Encode(place); err != nil {
			return fmt.Errorf("saying where the simulator listens: %w", err)
		}
	}
	if o.Config.Log == nil && o.Stderr != nil {
		o.Config.Log = func(line string) { _, _ = fmt.Fprintln(o.Stderr, line) }
	}
	return serveUntil(ctx, listener, New(o.Config))
}

// listen opens the address, if it is a loopback address or any may be. localhost is 127.0.0.1, whatever a hosts file or
// a name server says.
func listen(ctx context.Context, address string, remote bool) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, cantListen(address, err)
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	if !remote && !net.ParseIP(host).IsLoopback() {
		return nil, fault.New(fault.Usage, "listen on 127.0.0.1:0, or add --allow-remote on a network that you trust",
			"listening on %q: other machines could reach it", address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, cantListen(address, err)
	}
	return listener, nil
}

// reachable is the address for a client on this machine: 0.0.0.0 is none.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// serveUntil serves until ctx ends; then answers under way have two seconds.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // a delay ends with it
		// broken handshakes are the client's to report
		ErrorLog: log.New(io.Discard, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
