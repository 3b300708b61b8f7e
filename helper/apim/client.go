package apim

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Client exchanges assertions for tokens.
type Client struct {
	HTTP  *http.Client      // nil: NewHTTP's, and no roots are read for a URL without TLS
	Roots []string          // files for NewHTTP
	Warn  func(text string) // nil: silent
	Now   func() time.Time  // nil: time.Now

	once   sync.Once
	secure *http.Client
	err    error
}

// Ready reads the roots that a request to an address needs, before anything is signed for it.
func (c *Client) Ready(address string) error {
	_, err := c.http(address)
	return err
}

func (c *Client) http(address string) (*http.Client, error) {
	switch {
	case c.HTTP != nil:
		return c.HTTP, nil
	case strings.HasPrefix(address, "http://"):
		return plainHTTP()
	}
	c.once.Do(func() {
		names, values := rootsGone()
		for i, name := range names {
			if c.Warn != nil {
				c.Warn(fmt.Sprintf("%s names %q, which does not exist: the system's roots are used; unset %s",
					name, values[i], name))
			}
		}
		if len(c.Roots) == 0 && len(names) == 0 {
			c.secure, c.err = defaultHTTP()
			return
		}
		c.secure, c.err = NewHTTP(c.Roots...)
	})
	return c.secure, c.err
}

var (
	defaultHTTP = sync.OnceValues(func() (*http.Client, error) { return NewHTTP() })
	plainHTTP   = sync.OnceValues(func() (*http.Client, error) { return newHTTP(nil) })
)

// Deadlines for the parts of one attempt. NHS networks (HSCN) are sometimes slow; the context limits the whole attempt.
const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 15 * time.Second
	pingTimeout   = 5 * time.Second // of silence over HTTP/2, and then for the ping's answer
)

// NewHTTP returns a client for the token endpoint: the proxy that the environment names ([ProxyFor]), TLS
// 1.2 or later, the system's roots, those of the PEM files in caFiles (empty names are skipped) and of SSL_CERT_FILE.
// It follows no redirect: a 307 would send the assertion to the server that it names.
func NewHTTP(caFiles ...string) (*http.Client, error) {
	roots, err := Roots(caFiles...)
	if err != nil {
		return nil, err
	}
	return newHTTP(roots)
}

func newHTTP(roots *x509.CertPool) (*http.Client, error) {
	transport, err := newTransport(roots)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// NewTransport returns a transport for requests to APIs, with the proxy, TLS and roots of [NewHTTP]. It waits as long
// as the request's context, asks for no compression of its own, and keeps the connections of many requests at once.
func NewTransport(caFiles ...string) (*http.Transport, error) {
	roots, err := Roots(caFiles...)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(roots)
	if err != nil {
		return nil, err
	}
	transport.ResponseHeaderTimeout = 0
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = keptConnections
	transport.MaxIdleConns = 2 * keptConnections
	return transport, nil
}

// keptConnections is how many connections to one host a relay keeps open.
const keptConnections = 128

func newTransport(roots *x509.CertPool) (*http.Transport, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("http.DefaultTransport is a %T", http.DefaultTransport)
	}
	transport := base.Clone()
	transport.Proxy = proxyOf
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	transport.DialContext = dial
	transport.TLSHandshakeTimeout = tlsTimeout
	transport.ResponseHeaderTimeout = headerTimeout
	transport.MaxResponseHeaderBytes = maxReply
	// Give up a connection that broke silently: HTTP/2 would send the next attempt over it.
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingTimeout, PingTimeout: pingTimeout}
	transport.OnProxyConnectResponse = checkConnect
	if secureProxy() { // net/http would offer it HTTP/2, and then speak HTTP/1.1
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(true)
	}
	return transport, nil
}

// Roots returns the system's roots and those in files and in SSL_CERT_FILE. It returns nil, which means the
// system's roots, if nothing adds a root.
func Roots(files ...string) (*x509.CertPool, error) {
	if file := os.Getenv("SSL_CERT_FILE"); file != "" && !gone(file) {
		files = append(slices.Clone(files), file)
	}
	texts := map[string][]byte{}
	for _, f := range files {
		if f == "" {
			continue
		}
		var err error
		if texts[f], err = ReadCAFile(f); err != nil {
			return nil, err
		}
	}
	lost, _ := rootsGone()
	if err := checkSystemRoots(); err != nil || len(texts)+len(lost) == 0 {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if len(lost) > 0 {
		pool.AppendCertsFromPEM(readSystemRoots())
	}
	for f, pem := range texts {
		if !pool.AppendCertsFromPEM(pem) {
			return nil, noCertificate(f, pem)
		}
	}
	return pool, nil
}
