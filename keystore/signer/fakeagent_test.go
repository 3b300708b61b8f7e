package signer_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"cgp-cred/keystore/signer"
)

// fakeAgent listens at SSH_AUTH_SOCK and answers each message, its kind first, with what answer returns; nil closes the
// connection.
func fakeAgent(t *testing.T, answer func(message []byte) []byte) {
	t.Helper()
	address, accept := listen(t)
	t.Setenv("SSH_AUTH_SOCK", address)
	go func() {
		for {
			c, err := accept()
			if err != nil {
				return
			}
			go serve(c, answer)
		}
	}()
}

func serve(c io.ReadWriteCloser, answer func([]byte) []byte) {
	defer c.Close() //nolint:errcheck // a fake
	for {
		var head [4]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c, message); err != nil {
			return
		}
		reply := answer(message)
		if reply == nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}

// framed puts a message's length before it.
func framed(b ...[]byte) []byte {
	var all []byte
	for _, part := range b {
		all = append(all, part...)
	}
	return str(all)
}

func str(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func next(b []byte) (s, rest []byte) {
	n := binary.BigEndian.Uint32(b)
	return b[4 : 4+n], b[4+n:]
}

// holding answers as an agent with keys does, except for the key it signs with and the format it names.
func holding(format string, with *rsa.PrivateKey, shown ...*rsa.PrivateKey) func([]byte) []byte {
	return func(m []byte) []byte {
		if m[0] == 11 {
			list := binary.BigEndian.AppendUint32([]byte{12}, uint32(len(shown)))
			for _, k := range shown {
				list = append(list, str(signer.Blob(&k.PublicKey))...)
				list = append(list, str([]byte("a comment\x1b[2J"))...)
			}
			return framed(list)
		}
		_, rest := next(m[1:])
		data, flags := next(rest)
		if with == nil || binary.BigEndian.Uint32(flags) != 4 {
			return framed([]byte{5})
		}
		digest := sha512.Sum512(data)
		signature, err := rsa.SignPKCS1v15(nil, with, crypto.SHA512, digest[:])
		if err != nil {
			return nil
		}
		for signature[0] == 0 { // as some agents send it
			signature = signature[1:]
		}
		return framed([]byte{14}, str(append(str([]byte(format)), str(signature)...)))
	}
}

func within(d time.Duration) signer.Options {
	return signer.Options{Profile: "int", Limit: func() (time.Duration, error) { return d, nil }}
}
