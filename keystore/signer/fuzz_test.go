package signer_test

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"testing"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

func lengthFirst(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// What an agent answers: no panic, no more memory than it sent, and nothing that would colour a terminal.
func FuzzAgentAnswer(f *testing.F) {
	key := lengthFirst(signer.Blob(&keystoretest.Key(1024, 0).PublicKey))
	f.Add(append(append([]byte{0, 0, 0, 1}, key...), lengthFirst([]byte("a\x1bb"))...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Add(lengthFirst(append(lengthFirst([]byte("rsa-sha2-512")), lengthFirst([]byte{1, 2, 3})...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, line := range signer.ParseIdentities(b) {
			for _, c := range []byte(line) {
				if c < ' ' || c > '~' {
					t.Fatalf("%q", line)
				}
			}
		}
		sig, format, err := signer.ParseAgentSignature(b)
		if err == nil && (format != "" || len(sig) == 0 || !bytes.Contains(b, sig)) {
			t.Fatalf("%x, %q", sig, format)
		}
		if err != nil && sig != nil {
			t.Fatal("a signature and an error")
		}
	})
}

// What a program prints: a public key is read only as it would be written again.
// FuzzAgentMessage: the frame around an answer. It is as long as it says, and a false length is not trusted.
func FuzzAgentMessage(f *testing.F) {
	f.Add(lengthFirst([]byte{12, 0, 0, 0, 0}))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 14})
	f.Add([]byte{0, 0, 0, 9, 14, 1})
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn := &conversation{answer: bytes.NewReader(sent)}
		kind, body, err := signer.Exchange(conn, 13, []byte("request"))
		if !bytes.Equal(conn.asked, lengthFirst([]byte("\x0drequest"))) {
			t.Fatalf("%q was asked", conn.asked)
		}
		if err != nil {
			return
		}
		if whole := lengthFirst(append([]byte{kind}, body...)); !bytes.HasPrefix(sent, whole) {
			t.Fatalf("%x is read as %x", sent, whole)
		}
	})
}

// conversation is an agent that has its answer ready.
type conversation struct {
	asked  []byte
	answer *bytes.Reader
}

func (c *conversation) Read(b []byte) (int, error) { return c.answer.Read(b) }

func (c *conversation) Write(b []byte) (int, error) {
	c.asked = append(c.asked, b...)
	return len(b), nil
}

func FuzzProgramAnswer(f *testing.F) {
	der, err := x509.MarshalPKIXPublicKey(&keystoretest.Key(1024, 0).PublicKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	f.Add(pem.EncodeToMemory(&pem.Block{
		Type:  "RSA PUBLIC KEY",
		Bytes: x509.MarshalPKCS1PublicKey(&keystoretest.Key(1024, 0).PublicKey),
	}))
	f.Add([]byte("AQID\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if key, err := signer.ParsePublic(b); err == nil {
			if key.N.BitLen() < signer.MinBits || key.N.BitLen() > signer.MaxBits || key.E < 3 || key.E%2 == 0 {
				t.Fatalf("%d bits, e %d", key.N.BitLen(), key.E)
			}
		}
		if sig, err := signer.ParseSignature(b, 3); (err == nil) != (len(sig) == 3) {
			t.Fatalf("%x, %v", sig, err)
		}
	})
}
