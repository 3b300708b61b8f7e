package simulator

import (
	"cmp"
	"context"
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
	Config       Config
	Listen       string    // HOST:PORT; empty: 127.0.0.1:0, a free port
	BucketListen string    // HOST:PORT of the second host; empty: a free port of the same address
	TLS          bool      // https, with a certification authority made for this call
	AllowRemote  bool      // Listen and BucketListen may be addresses that are not loopback
	Stdout       io.Writer // gets the one JSON line; may be nil
	Stderr       io.Writer // gets a line for each request; may be nil
}

// cantListen returns the error for an address on which Serve can't listen, such as a port in use.
func cantListen(address string, err error) error {
	const hint = "listen on 127.0.0.1:0 for a free port"
	return fault.Wrap(fault.Usage, hint, fmt.Sprintf("listening on %q", address), err)
}

// listening is the JSON line that says where the simulator listens.
type listening struct {
	BaseURL   string `json:"base_url"`
	Host      string `json:"host"`
	TokenURL  string `json:"token_url"`
	Audience  string `json:"audience,omitempty"` // if it is not the token URL
	BucketURL string `json:"bucket_url"`
	CAFile    string `json:"ca_file,omitempty"`
}

// Serve listens, writes one JSON line to o.Stdout that says on which addresses ({"base_url","host","token_url",
// "bucket_url"}, with TLS "ca_file", with Proxygen "audience"), and serves until ctx ends, which is not an error. Then
// it removes the certificate's file.
func Serve(ctx context.Context, o ServeOptions) error {
	api, err := listen(ctx, cmp.Or(o.Listen, "127.0.0.1:0"), o.AllowRemote)
	if err != nil {
		return err
	}
	defer func() { _ = api.Close() }() // for the early returns; harmless if the server has closed it
	sameHost := net.JoinHostPort(hostOf(api.Addr()), "0")
	data, err := listen(ctx, cmp.Or(o.BucketListen, sameHost), o.AllowRemote)
	if err != nil {
		return err
	}
	defer func() { _ = data.Close() }()
	place, scheme := listening{Host: reachable(api.Addr())}, "http://"
	if o.TLS {
		folder, config, err := authority(api.Addr(), data.Addr())
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }() // a certificate that is left behind does no harm
		scheme, place.CAFile = "https://", filepath.Join(folder, caFile)
		api, data = newSplit(api, config), newSplit(data, config)
	}
	place.BaseURL, place.BucketURL = scheme+place.Host, scheme+reachable(data.Addr())
	place.TokenURL = place.BaseURL + "/oauth2/token"
	if o.Config.Proxygen {
		place.TokenURL, place.Audience = place.BaseURL+realmTokenPath, place.BaseURL+realmPath
	}
	if o.Stdout != nil {
		if err := json.NewEncoder(o.Stdout).Encode(place); err != nil {
			return fmt.Errorf("saying where the simulator listens: %w", err)
		}
	}
	if o.Config.Log == nil && o.Stderr != nil {
		o.Config.Log = func(line string) { _, _ = fmt.Fprintln(o.Stderr, line) }
	}
	s := New(o.Config)
	defer func() { _ = s.Close() }() // what is left behind is in the folder for temporary files
	if s.SetBucketURL(place.BucketURL); isUnspecified(data.Addr()) {
		_, port, _ := net.SplitHostPort(data.Addr().String()) // it has one
		s.SetBucketURL(scheme + ":" + port)
	}
	all := []served{{api, s}, {data, s.Bucket()}}
	for _, one := range all {
		if port, ok := one.listener.(*split); ok {
			all = append(all, served{plainListener{port}, plainHTTP{s}})
		}
	}
	return serveUntil(ctx, all...)
}

// hostOf returns the host of an address without its port.
func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return "127.0.0.1"
	}
	return host
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
	if !isUnspecified(a) {
		return a.String()
	}
	_, port, _ := net.SplitHostPort(a.String()) // it has one
	return net.JoinHostPort("127.0.0.1", port)
}

// isUnspecified reports whether a listener is on all addresses of this machine.
func isUnspecified(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

// served is a listener and what answers there.
type served struct {
	listener net.Listener
	handler  http.Handler
}

// serveUntil serves until ctx ends, or until one listener fails. Requests that are then being answered have two more
// seconds.
func serveUntil(ctx context.Context, all ...served) error {
	failed := make(chan error, len(all))
	var servers []*http.Server
	for _, one := range all {
		server := newServer(ctx, one.handler)
		servers = append(servers, server)
		go func() { failed <- server.Serve(one.listener) }()
	}
	var first error
	waiting := len(all)
	select {
	case first = <-failed:
		waiting--
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(grace); err != nil {
			_ = server.Close()
		}
	}
	for range waiting {
		if err := <-failed; first == nil && !errors.Is(err, http.ErrServerClosed) {
			first = err
		}
	}
	if first != nil && !errors.Is(first, net.ErrClosed) {
		return fmt.Errorf("serving: %w", first)
	}
	return nil
}

func newServer(ctx context.Context, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // a delay ends with it
		ErrorLog:          log.New(io.Discard, "", 0),                        // the client reports a failed handshake
	}
}
