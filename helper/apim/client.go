package apim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"cgp-cred/keystore/fault"
)

// Client exchanges assertions for tokens.
type Client struct {
	HTTP *http.Client     // nil: NewHTTP's, with no added roots
	Now  func() time.Time // nil: time.Now
}

// Deadlines for the parts of one attempt. NHS networks (HSCN) are sometimes slow; the context limits the whole attempt.
const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 15 * time.Second
	pingTimeout   = 5 * time.Second // of silence over HTTP/2, and then for the ping's answer
)

// NewHTTP returns a client for the token endpoint: system proxies (HTTPS_PROXY, NO_PROXY; no proxy for loopback), TLS
// 1.2 or later, the system's roots and those of the PEM files in caFiles (empty names are skipped). It follows no
// redirect: a 307 would send the assertion to the server that it names.
func NewHTTP(caFiles ...string) (*http.Client, error) {
	roots, err := rootsWith(caFiles)
	if err != nil {
		return nil, err
	}
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
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// checkConnect returns an error unless a proxy accepted a CONNECT request.
func checkConnect(_ context.Context, proxy *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{host: proxy.Host, status: r.StatusCode}
}

// rootsWith returns the system's roots and those in files. It returns nil, which means the system's roots, if files
// adds no root.
func rootsWith(files []string) (*x509.CertPool, error) {
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
	if err := checkSystemRoots(); err != nil || len(texts) == 0 {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for f, pem := range texts {
		if !pool.AppendCertsFromPEM(pem) {
			return nil, noCertificate(f, pem)
		}
	}
	return pool, nil
}

// proxyError is a proxy that refused a CONNECT request; [networkError] reads its fields.
type proxyError struct {
	host   string
	status int
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("proxy %s answered %d to CONNECT", e.host, e.status)
}

// FaultClass returns [fault.Network].
func (e *proxyError) FaultClass() fault.Class { return fault.Network }

// FaultHints returns no hints: networkError knows more.
func (e *proxyError) FaultHints() []string { return nil }
