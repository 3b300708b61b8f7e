package signer

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
)

// Messages of the agent's protocol (draft-miller-ssh-agent, section 5.1).
const (
	agentFailure      = 5
	requestIdentities = 11
	identitiesAnswer  = 12
	signRequest       = 13
	signResponse      = 14
)

const (
	flagSHA512 = 4              // SSH_AGENT_RSA_SHA2_512
	sha512Name = "rsa-sha2-512" // RFC 8332, section 3: RSASSA-PKCS1-v1_5 with SHA-512, and so RS512
	maxMessage = 256 << 10      // OpenSSH's own limit
)

var errMalformed = errors.New("malformed")

// identity is a key as an agent lists it.
type identity struct {
	blob    []byte
	comment string
}

// kind returns the name of the key's algorithm.
func (i identity) kind() string {
	name, _, err := cutString(i.blob)
	if err != nil {
		return ""
	}
	return string(name)
}

func (i identity) fingerprint() string {
	sum := sha256.Sum256(i.blob)
	return fingerprintPrefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

// public reads an "ssh-rsa" key.
func (i identity) public() (*rsa.PublicKey, error) {
	name, rest, err1 := cutString(i.blob)
	e, rest, err2 := cutString(rest)
	n, rest, err3 := cutString(rest)
	switch {
	case errors.Join(err1, err2, err3) != nil || len(rest) > 0:
		return nil, errMalformed
	case string(name) != "ssh-rsa":
		return nil, errors.New("not an RSA key")
	case len(e) == 0 || e[0] >= 0x80 || len(n) == 0 || n[0] >= 0x80: // negative
		return nil, errMalformed
	}
	return checkPublic(new(big.Int).SetBytes(n), new(big.Int).SetBytes(e))
}

// cutString reads a length and that many bytes from b.
func cutString(b []byte) (s, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errMalformed
	}
	n := binary.BigEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return nil, nil, errMalformed
	}
	return b[:n], b[n:], nil
}

// parseIdentities reads the body of identitiesAnswer: a number, then a key and a comment for each.
func parseIdentities(b []byte) ([]identity, error) {
	if len(b) < 4 {
		return nil, errMalformed
	}
	var all []identity
	count := binary.BigEndian.Uint32(b)
	b = b[4:]
	for range count {
		key, rest, err := cutString(b)
		if err != nil {
			return nil, err
		}
		comment, rest, err := cutString(rest)
		if err != nil {
			return nil, err
		}
		all, b = append(all, identity{key, string(comment)}), rest
	}
	if len(b) > 0 {
		return nil, errMalformed
	}
	return all, nil
}

// parseSignature512 reads the body of signResponse. If the signature has another format, it returns that format's name.
func parseSignature512(b []byte) (signature []byte, format string, err error) {
	outer, rest, err := cutString(b)
	if err != nil || len(rest) > 0 {
		return nil, "", errMalformed
	}
	name, inner, err := cutString(outer)
	if err != nil {
		return nil, "", err
	}
	signature, rest, err = cutString(inner)
	switch {
	case string(name) != sha512Name:
		return nil, string(name), errMalformed
	case err != nil || len(rest) > 0 || len(signature) == 0:
		return nil, "", errMalformed
	}
	return signature, "", nil
}

// exchange sends one message and reads the answer: its kind and its body.
func exchange(conn io.ReadWriter, kind byte, body []byte) (byte, []byte, error) {
	if _, err := conn.Write(appendString(nil, append([]byte{kind}, body...))); err != nil {
		return 0, nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxMessage {
		return 0, nil, errMalformed
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return 0, nil, err
	}
	return answer[0], answer[1:], nil
}
