package apim_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// The frames of HTTP/2 (RFC 9113 section 6) that a server needs which serves nothing.
const (
	frameData     = 0
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7

	flagEnd = 1 // of DATA; of SETTINGS: an acknowledgement

	refusedStream = 7 // the error code of a request that was not looked at, and may be sent again
)

func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// unwilling is an HTTP/2 server that reads each request to its end and says that it has not looked at it.
type unwilling struct {
	refuse func(stream uint32) []byte

	mu     sync.Mutex
	bodies []string
}

func (u *unwilling) serve(c net.Conn) {
	defer c.Close() //nolint:errcheck // it is the test's
	preface := make([]byte, 24)
	if _, err := io.ReadFull(c, preface); err != nil {
		return
	}
	_, _ = c.Write(frame(frameSettings, 0, 0))
	bodies := make(map[uint32]*bytes.Buffer)
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		stream := binary.BigEndian.Uint32(head[5:])
		switch {
		case head[3] == frameSettings && head[4]&flagEnd == 0:
			_, _ = c.Write(frame(frameSettings, flagEnd, 0))
		case head[3] == frameData:
			if bodies[stream] == nil {
				bodies[stream] = new(bytes.Buffer)
			}
			bodies[stream].Write(payload)
			if head[4]&flagEnd != 0 {
				u.mu.Lock()
				u.bodies = append(u.bodies, bodies[stream].String())
				u.mu.Unlock()
				_, _ = c.Write(u.refuse(stream))
			}
		}
	}
}

// start listens until the test ends; the certificate's authority is in the file that is returned.
func (u *unwilling) start(t *testing.T) (url, caFile string) {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})
	if err := os.WriteFile(caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
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
			go u.serve(c)
		}
	}()
	return "https://" + l.Addr().String() + "/oauth2/token", caFile
}

// HTTP/2 lets a server say that it has not looked at a request, and net/http sends such a one again. An assertion is
// sent once, whatever the server says of it: its jti may be burnt.
func TestNoAssertionIsSentTwice(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(stream uint32) []byte{
		"a refused stream": func(stream uint32) []byte { return frame(frameReset, 0, stream, 0, 0, 0, refusedStream) },
		"a server that goes away": func(uint32) []byte {
			return frame(frameGoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // it has processed no stream
		},
		"both": func(stream uint32) []byte {
			return append(frame(frameReset, 0, stream, 0, 0, 0, refusedStream),
				frame(frameGoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &unwilling{refuse: refuse}
			url, caFile := u.start(t)
			client, err := apim.NewHTTP(caFile)
			if err != nil {
				t.Fatal(err)
			}
			c := apim.Client{HTTP: client}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute) // a client that sends it again does so for long
			defer stop()
			_, err = c.Exchange(ctx, url, keystore.NewSecret([]byte("a.b.c")))
			var e *apim.Error
			if !errors.As(err, &e) || e.Class == fault.Refused {
				t.Errorf("got %v, want an error of the network", err)
			}
			u.mu.Lock()
			defer u.mu.Unlock()
			if len(u.bodies) != 1 || !bytes.Contains([]byte(u.bodies[0]), []byte("client_assertion=a.b.c")) {
				t.Errorf("received %q, want the assertion once", u.bodies)
			}
		})
	}
}
