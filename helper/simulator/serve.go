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

// ServeOptions says where [Serve] listens and what it writes.
type ServeOptions struct {
	// Config is the simulated APIM's. Without BaseURL, clients may use any name of this machine. Without Log, the log
	// goes to Stderr.
	Config      Config
	Listen      string    // HOST:PORT; empty: 127.0.0.1:0, a free port
	TLS         bool      // https, with a certification authority made for this call
	AllowRemote bool      // Listen may be an address that is not loopback
	Stdout      io.Writer // gets the one JSON line; may be nil
	Stderr      io.Writer // gets a line for each request; may be nil
}

// cantListen returns the error for an address on which Serve can't listen, such as a port in use.
func cantListen(address string, err error) error {
	const hint = "listen on 127.0.0.1:0 for a free port"
	return fault.Wrap(fault.Usage, hint, fmt.Sprintf("listening on %q", address), err)
}

// listening is the JSON line that says where the simulator listens.
type listening struct {
	BaseURL  string `json:"base_url"`
	Host     string `json:"host"`
	TokenURL string `json:"token_url"`
	CAFile   string `json:"ca_file,omitempty"`
}

// Serve listens, writes one JSON line to o.Stdout that says on which address ({"base_url","host","token_url"}, and with
// TLS "ca_file"), and serves until ctx ends, which is not an error. Then it removes the certificate's file.
func Serve(ctx context.Context, o ServeOptions) error {
	listener, err := listen(ctx, cmp.Or(o.Listen, "127.0.0.1:0"), o.AllowRemote)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // for the early returns; harmless if the server has closed it
	place := listening{Host: reachable(listener.Addr())}
	place.BaseURL = "http://" + place.Host
	if o.TLS {
		folder, config, err := authority(listener.Addr())
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }() // a certificate that is left behind does no harm
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

// listen opens a loopback address, or any address if remote is set. localhost always means 127.0.0.1: it is not looked
// up.
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

// reachable returns the address for a client on this machine, which can't call 0.0.0.0.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// serveUntil serves until ctx ends. Requests that are then being answered have two more seconds.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // a delay ends with it
		ErrorLog:          log.New(io.Discard, "", 0),                        // the client reports a failed handshake
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
