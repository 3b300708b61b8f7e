// Package serve is a reverse proxy on this machine's loopback interface that adds a profile's credential to requests,
// for programs that can't call a credential helper: browsers, IGV, htsjdk, workflow engines. The same server is an
// OAuth 2.0 token endpoint (RFC 6749) for programs that renew their tokens themselves.
//
// A client needs a random path, or at the token endpoint a random client secret. Both end with the server. The
// credential itself is never sent to a client of the proxy.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve/token"
	"cgp-cred/helper/source"
)

// Options says what is served. Fields without a note are needed.
type Options struct {
	Source  *source.Source // of Profile
	Profile *profile.Profile
	Scheme  string   // of the API: https, or http for an API on this machine
	Roots   []string // files of PEM roots to trust in addition to the system's
	Port    int      // 0: any that is free

	Origins []string                     // web origins whose pages may use the proxy, as [ParseOrigin] returns them
	Pages   func(s *Server) http.Handler // what is served below [Server.Pages]; nil: nothing
	Page    string                       // the page that a person opens, below Pages

	Quiet time.Duration     // how long the API may send nothing, and take nothing; 0: [DefaultQuiet]
	Warn  func(text string) // gets what a user should know; nil: silent
	Log   func(line string) // gets a line for each request: method, path without secrets, status, bytes; may be nil
}

// DefaultQuiet is how long the API may send nothing before a request is given up.
const DefaultQuiet = 2 * time.Minute

// Place says where the server is, and what a client needs. All of it ends with the server.
type Place struct {
	BaseURL      string `json:"base_url"` // stands for SCHEME://HOST of the API
	PageURL      string `json:"page_url,omitempty"`
	TokenURL     string `json:"token_url,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	Profile      string `json:"profile"`
	Host         string `json:"host"` // the API's

	API string `json:"-"` // scheme and authority that BaseURL stands for
}

// clientID is the OAuth 2.0 client that the token endpoint knows.
const clientID = "cgp-cred"

// Server is a running server. [Start] makes it.
type Server struct {
	o      Options
	api    string // scheme and authority of the API
	port   string
	path   string            // the random path's only segment
	tokens token.Endpoint    // for OAuth 2.0 clients
	base   http.RoundTripper // to anywhere, without a credential

	forward      http.Handler // to the API, with the credential
	forwardBlock http.Handler // the same for the data of a ticket
	plain        http.Handler // to the places of a ticket, without the credential

	blocks  *blocks
	opening once
	pages   http.Handler
	told    reminder

	http    *http.Server
	serving sync.WaitGroup
	failed  chan error
}

// Start listens on 127.0.0.1 and [::1], on the same port, and serves until Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		o: o, api: o.Scheme + "://" + o.Profile.Host, path: rand.Text(), blocks: newBlocks(),
		failed: make(chan error, 2),
	}
	s.tokens = token.Endpoint{
		ID: clientID, Secret: rand.Text(), Profile: o.Profile, Source: o.Source.Young(), Tell: s.tell,
	}
	if s.o.Quiet == 0 {
		s.o.Quiet = DefaultQuiet
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	listeners, err := listen(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	_, s.port, _ = net.SplitHostPort(listeners[0].Addr().String())
	if o.Pages != nil {
		s.pages = o.Pages(s)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withConnection,
		ErrorLog:          log.New(io.Discard, "", 0), // a client's broken connection is the client's to report
	}
	for _, l := range listeners {
		s.serving.Go(func() {
			if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- fmt.Errorf("serving: %w", err)
			}
		})
	}
	return s, nil
}

// Bounds of a client's connection.
const (
	headerWait = 10 * time.Second
	idleWait   = 2 * time.Minute
	maxHeader  = 64 << 10
	closing    = 2 * time.Second // that requests under way have at the end
)

// Place returns what clients need.
func (s *Server) Place() Place {
	p := Place{BaseURL: s.root() + "/" + s.path, Profile: s.o.Profile.Name, Host: s.o.Profile.Host, API: s.api}
	if s.o.Profile.Auth == profile.JWT {
		p.TokenURL, p.ClientID, p.ClientSecret = s.root()+token.Path, s.tokens.ID, s.tokens.Secret
	}
	if s.o.Pages != nil {
		p.PageURL = s.Pages() + "/" + s.o.Page
	}
	return p
}

// Failed returns a channel that gets an error if the server ends by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// root returns the server's scheme and authority.
func (s *Server) root() string { return "http://127.0.0.1:" + s.port }

// Close ends the server. Requests that are under way have two more seconds.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("ending the server: %w", err)
	}
	return nil
}

// tell gives the user a line, unless the same one was given a moment ago.
func (s *Server) tell(text string) {
	if s.o.Warn != nil && s.told.due(text) {
		s.o.Warn(text)
	}
}
