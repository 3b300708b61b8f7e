package apim_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// forwarder is a proxy that connects every request to one server, whatever host it names, and notes what it was asked.
type forwarder struct {
	target string

	mu    sync.Mutex
	asked []string // host and credential
}

func (f *forwarder) note(host, who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, host+" "+who)
}

func (f *forwarder) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

// ServeHTTP answers CONNECT.
func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic "))
	f.note(r.Host, string(who))
	out, err := net.Dial("tcp", f.target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	join(in, out)
}

func join(a, b net.Conn) {
	go func() { _, _ = io.Copy(a, b); _ = a.Close() }()
	_, _ = io.Copy(b, a)
	_ = b.Close()
}

// socks serves SOCKS5 (RFC 1928) with or without a sign-in (RFC 1929). reply is the answer to CONNECT.
func (f *forwarder) socks(t *testing.T, signIn bool, reply byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.oneSocks(c, signIn, reply)
		}
	}()
	return l.Addr().String()
}

func (f *forwarder) oneSocks(c net.Conn, signIn bool, reply byte) {
	defer func() { _ = c.Close() }()
	take := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(c, b)
		return b
	}
	methods, who, way := take(int(take(2)[1])), "", byte(0)
	if signIn {
		way = 2
		if !bytes.Contains(methods, []byte{2}) {
			way = 0xff
		}
	}
	_, _ = c.Write([]byte{5, way})
	if way == 2 {
		name := take(int(take(2)[1]))
		password := take(int(take(1)[0]))
		who = string(name) + ":" + string(password)
		_, _ = c.Write([]byte{1, 0})
	}
	head := take(5)
	if head[3] != 3 {
		return
	}
	name, port := take(int(head[4])), take(2)
	f.note(fmt.Sprintf("%s:%d", name, int(port[0])<<8|int(port[1])), who)
	_, _ = c.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
	if out, err := net.Dial("tcp", f.target); err == nil && reply == 0 {
		join(c, out)
	}
}

// endpointTLS is a token endpoint of example.com. Its certificate is in the file.
func endpointTLS(t *testing.T) (address, caFile string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, goodReply)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(caFile, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	return srv.Listener.Addr().String(), caFile
}

// askExample asks example.com for a token, through the proxy of the environment.
func askExample(t *testing.T, caFile string) error {
	t.Helper()
	client, err := apim.NewHTTP(caFile)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c := apim.Client{HTTP: client}
	_, err = c.Exchange(ctx, "https://example.com/oauth2/token", keystore.NewSecret([]byte("a.b.c")))
	return err
}

// A token comes through each kind of proxy, with user name and password as they were written.
func TestProxiesThatWork(t *testing.T) {
	target, caFile := endpointTLS(t)
	f := &forwarder{target: target}
	plain := httptest.NewServer(f)
	defer plain.Close()
	safe := httptest.NewUnstartedServer(f)
	safe.StartTLS()
	defer safe.Close()
	both := httptest.NewUnstartedServer(f)
	both.EnableHTTP2 = true
	both.StartTLS()
	defer both.Close()
	address := func(url string) string { _, a, _ := strings.Cut(url, "://"); return a }
	open, closed := f.socks(t, false, 0), f.socks(t, true, 0)
	for _, c := range []struct{ variable, value, who string }{
		{"HTTPS_PROXY", plain.URL, ""},
		{"https_proxy", plain.URL + "/", ""},
		{"HTTPS_PROXY", address(plain.URL), ""},
		{"ALL_PROXY", plain.URL, ""},
		{"all_proxy", address(plain.URL), ""},
		{"HTTPS_PROXY", "http://alice:hunter22@" + address(plain.URL), "alice:hunter22"},
		{"HTTPS_PROXY", "http://alice:100%@" + address(plain.URL), "alice:100%"},
		{"HTTPS_PROXY", "http://alice:%zz%4@" + address(plain.URL), "alice:%zz%4"},
		{"ALL_PROXY", `http://TRUST\alice:p%40ss:é+@` + address(plain.URL), `TRUST\alice:p@ss:é+`},
		{"HTTPS_PROXY", "http://alice@" + address(plain.URL), "alice:"},
		{"HTTPS_PROXY", "https://alice:100%@" + address(safe.URL), "alice:100%"},
		{"HTTPS_PROXY", "https://" + address(both.URL), ""},
		{"HTTPS_PROXY", "socks5://" + open, ""},
		{"ALL_PROXY", "socks5h://" + open, ""},
		{"ALL_PROXY", "socks5h://alice:hunter22@" + open, ""},
		{"all_proxy", "SOCKS5://alice:100%@" + closed, "alice:100%"},
	} {
		proxyEnvironment(t, map[string]string{c.variable: c.value})
		err := askExample(t, caFile)
		if asked := strings.Join(f.take(), "|"); err != nil || asked != "example.com:443 "+c.who {
			t.Errorf("%s=%s: %v, the proxy was asked for %q", c.variable, c.value, err, asked)
		}
	}
}

// What a proxy refuses is said, with what to do.
func TestProxiesThatRefuse(t *testing.T) {
	target, caFile := endpointTLS(t)
	f := &forwarder{target: target}
	refuse := func(status int, offers ...string) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Proxy-Authenticate"] = offers
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		return "http://alice:hunter22@" + srv.Listener.Addr().String()
	}
	stranger := httptest.NewUnstartedServer(f)
	stranger.StartTLS()
	defer stranger.Close()
	plain := httptest.NewServer(f)
	defer plain.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = garbage.Close() }()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 3))
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_ = c.Close()
		}
	}()
	socksTo := func(reply byte) string { return "socks5://" + f.socks(t, false, reply) }
	const px = "px (pip install px-proxy) or cntlm"
	for _, c := range []struct {
		value      string
		class      fault.Class
		says, hint string
	}{
		{refuse(407, "NTLM"), fault.Network, "sign-in by NTLM, and cgp-cred speaks only Basic", px},
		{refuse(407, "Negotiate", "NTLM"), fault.Network, "sign-in by Negotiate or NTLM, and", px},
		{refuse(407, "Negotiate, NTLM"), fault.Network, "sign-in by Negotiate or NTLM, and", px},
		{refuse(407, "negotiate oRm0NIcC=="), fault.Network, "sign-in by Negotiate, and", px},
		{refuse(407, `Digest realm="a, Basic b", nonce="x"`), fault.Network, "sign-in by Digest, and", px},
		{refuse(407, "Kerberos"), fault.Network, "sign-in by Kerberos, and", px},
		{refuse(407, "NTLM", `Basic realm="x"`), fault.Network, "407 to CONNECT", "correct the proxy's user name"},
		{refuse(407, "X-Odd"), fault.Network, "407 to CONNECT", "correct the proxy's user name"},
		{refuse(407), fault.Network, "407 to CONNECT", "correct the proxy's user name"},
		{refuse(403), fault.Network, "403 to CONNECT", "administrators"},
		{refuse(408), fault.Temporary, "408 to CONNECT", "in a minute"},
		{refuse(511), fault.Network, "511 to CONNECT", "sign in to the network"},
		{refuse(502), fault.Temporary, "502 to CONNECT", "in a minute"},
		{"https://" + plain.Listener.Addr().String(), fault.Network, "answered without TLS", "write http://"},
		{"socks5://" + garbage.Addr().String(), fault.Network, "does not speak SOCKS5", "write http://"},
		{"socks5://" + f.socks(t, true, 0), fault.Network, "no acceptable authentication", "user name and password"},
		{socksTo(1), fault.Network, "general SOCKS server failure", "check HTTPS_PROXY"},
		{socksTo(2), fault.Network, "not allowed by ruleset", "administrators"},
		{socksTo(4), fault.Network, "host unreachable", "check HTTPS_PROXY"},
		{socksTo(5), fault.Network, "connection refused", "check HTTPS_PROXY"},
		{"http://127.0.0.1:1", fault.Network, "can't reach the proxy 127.0.0.1:1 for example.com", "HTTPS_PROXY"},
		{"socks5://127.0.0.1:1", fault.Network, "can't reach the proxy 127.0.0.1:1 for example.com", "HTTPS_PROXY"},
	} {
		proxyEnvironment(t, map[string]string{"HTTPS_PROXY": c.value})
		err := askExample(t, caFile)
		var e *apim.Error
		if !errors.As(err, &e) || e.Class != c.class || !e.AtProxy() {
			t.Errorf("%s: %#v", c.value, err)
			continue
		}
		said := e.Error() + "\n" + fault.HintOf(e, "")
		if !strings.Contains(e.Error(), c.says) || !strings.Contains(said, c.hint) || strings.Contains(said, "hunter22") {
			t.Errorf("%s: %q, want %q and %q", c.value, said, c.says, c.hint)
		}
	}
	proxyEnvironment(t, map[string]string{"ALL_PROXY": "https://" + stranger.Listener.Addr().String()})
	// The authority of the endpoint and of the proxy is the same one, which is only trusted through the file.
	err = askExample(t, "")
	if err == nil || !strings.Contains(err.Error(), "the certificate of the proxy 127.0.0.1") {
		t.Errorf("a proxy that is not trusted: %v", err)
	}
}
