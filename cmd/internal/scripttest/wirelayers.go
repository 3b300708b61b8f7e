package scripttest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// ends are the layers that end a connection in a way of their own, once a request has come. They get its body, and what
// follows their name.
var ends = map[string]func(c net.Conn, body, rest string){
	"hangup": func(net.Conn, string, string) {},
	"reset": func(c net.Conn, _, _ string) {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	},
	"chatty": func(c net.Conn, _, _ string) { // an answer, and what nobody asked for
		send(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n::add-mask::x\r\n")
		_, _ = read(c)
	},
	"garbage": func(c net.Conn, _, _ string) { send(c, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n") },
	"echo":    func(c net.Conn, body, _ string) { send(c, strings.TrimPrefix(body, "client_assertion=")+"\r\n") },
	"half": func(c net.Conn, _, _ string) {
		send(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 120\r\n\r\n{\"access_token\":\"half")
	},
	"drip": func(c net.Conn, _, _ string) {
		sendForever(c, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", " ", 20*time.Millisecond)
	},
	"dripheaders": func(c net.Conn, _, _ string) { sendForever(c, "HTTP/1.1 200 OK\r\nX: ", "x", 20*time.Millisecond) },
	"endless": func(c net.Conn, _, _ string) {
		sendForever(c, "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 1<<16), 0)
	},
	"headers": func(c net.Conn, _, _ string) {
		sendForever(c, "HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 1<<12)+"\r\n", 0)
	},
	"answer": func(c net.Conn, _, rest string) { // STATUS[:HEADER: VALUE]
		status, header, _ := strings.Cut(rest, ":")
		if header != "" {
			header += "\r\n"
		}
		send(c, "HTTP/1.1 "+status+" Whatever\r\nContent-Length: 0\r\n"+header+"\r\n")
	},
}

// meet goes through the layers of a connection. Whoever has it last closes it.
func (p *port) meet(c net.Conn, kind string) {
	layer, rest, _ := strings.Cut(kind, ":")
	if layer == "apim" {
		p.endpoint(rest).conns <- c
		return
	}
	if _, ok := certificates[layer]; ok {
		if c := tls.Server(c, p.ca.config(layer)); c.Handshake() == nil {
			p.meet(c, rest)
			return
		}
	}
	if layer == "connect" {
		if _, err := read(c); err == nil {
			send(c, "HTTP/1.1 200 Connection established\r\n\r\n")
			p.meet(c, rest)
			return
		}
	}
	defer func() { _ = c.Close() }()
	switch layer {
	case "silence":
		_, _ = io.Copy(io.Discard, c)
		return
	case "goaway":
		goAway(c)
		return
	}
	if text, err := read(c); err == nil {
		ends[layer](c, text, rest)
	}
}

// goAway speaks HTTP/2 up to the request's body, and then says that it has taken no stream: frames of settings and of that
// (RFC 9113 sections 6.5 and 6.8).
func goAway(c net.Conn) {
	send(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	var heard []byte
	b := make([]byte, 4096)
	for !bytes.Contains(heard, []byte("client_assertion")) {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		heard = append(heard, b[:n]...)
	}
	send(c, "\x00\x00\x08\x07\x00\x00\x00\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x00")
	_, _ = io.Copy(io.Discard, c)
}

// read takes one request, and returns its body. The beginning of TLS is one, too.
func read(c net.Conn) (string, error) {
	in := bufio.NewReader(c)
	const handshake = 22
	if first, err := in.Peek(1); err != nil || first[0] == handshake {
		_, _ = in.Discard(in.Buffered())
		return "", err
	}
	r, err := http.ReadRequest(in)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	return string(body), err
}

func send(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

// sayOn says something, and then something else until the other side has gone.
func sendForever(c net.Conn, first, then string, pause time.Duration) {
	_, err := io.WriteString(c, first)
	for err == nil {
		_, err = io.WriteString(c, then)
		time.Sleep(pause)
	}
}
