package signer

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"cgp-cred/keystore/printable"
)

var _ Signer = (*Agent)(nil)

// Agent signs with a key in an ssh-agent: from a file, on a smart card (ssh-add -s), or on the machine from which the
// user logged in. Each call finds the agent again, by SSH_AUTH_SOCK or at the usual pipe of Windows, and uses it only
// if this user or the system runs it.
type Agent struct {
	public  *rsa.PublicKey
	options Options
}

// NewAgent finds the RSA key with a fingerprint (SHA256:...) in the agent. Errors match one of the sentinels.
func NewAgent(fingerprint string, o Options) (*Agent, error) {
	s := &Agent{options: o}
	all, err := s.list()
	if err != nil {
		return nil, err
	}
	for _, id := range all {
		if id.fingerprint() != fingerprint {
			continue
		}
		if s.public, err = id.public(); err != nil {
			return nil, failed(
				ErrWrong, KindAgent,
				fingerprint+" is a key of the kind "+printable.Text(id.kind())+", and API Management takes RSA keys "+
					"of at least 1024 bits",
				"make one: ssh-keygen -t rsa -b 4096 -f FILE, then ssh-add FILE",
			)
		}
		return s, nil
	}
	return nil, absent(fingerprint, all)
}

// AgentKeys lists the RSA keys in the agent, one a line: fingerprint, size and comment, safe to print.
func AgentKeys(o Options) ([]string, error) {
	all, err := (&Agent{options: o}).list()
	if err != nil {
		return nil, err
	}
	return candidates(all), nil
}

func candidates(all []identity) []string {
	var lines []string
	for _, id := range all {
		if public, err := id.public(); err == nil {
			lines = append(lines,
				strings.TrimSpace(fmt.Sprintf("%s # %d bits %s", id.fingerprint(), public.N.BitLen(),
					printable.Text(id.comment))))
		}
	}
	return lines
}

// CheckFingerprint returns nil if s is a fingerprint as `ssh-add -l` prints it.
func CheckFingerprint(s string) error {
	text, ok := strings.CutPrefix(s, fingerprintPrefix)
	if !ok || len(text) != 43 { // SHA-256 in base64 without padding
		return errors.New("it must be SHA256: and 43 characters, as `ssh-add -l` prints it")
	}
	return nil
}

// Public returns the *[rsa.PublicKey].
func (s *Agent) Public() crypto.PublicKey { return s.public }

// Kind returns "ssh-agent".
func (*Agent) Kind() string { return KindAgent }

// Where names the agent's key.
func (s *Agent) Where() string { return "in ssh-agent, " + Fingerprint(s.public) }

// Sign returns an error: an agent hashes the message itself.
func (s *Agent) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("an ssh-agent signs messages, not digests")
}

// SignMessage makes the agent sign msg with rsa-sha2-512 (RFC 8332), and verifies the signature. opts must name
// SHA-512.
func (s *Agent) SignMessage(_ io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := rs512(opts); err != nil {
		return nil, err
	}
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	defer conn.end()
	request := appendString(appendString(nil, blob(s.public)), msg)
	kind, body, err := exchange(conn, signRequest, binary.BigEndian.AppendUint32(request, flagSHA512))
	switch {
	case err != nil:
		return nil, conn.broken(err)
	case kind == agentFailure:
		return nil, s.whyNot(conn)
	case kind != signResponse:
		return nil, malformed("")
	}
	signature, format, err := parseSignature512(body)
	if err != nil || len(signature) > s.public.Size() {
		return nil, malformed(format)
	}
	signature = padded(s.public, signature)
	digest := sha512.Sum512(msg)
	if err := check(KindAgent, s.options, s.public, digest[:], signature); err != nil {
		return nil, err
	}
	return signature, nil
}

// whyNot finds out why the agent did not sign: its answer does not say.
func (s *Agent) whyNot(conn *call) error {
	all, err := identities(conn)
	if err != nil {
		return err
	}
	for _, id := range all {
		if bytes.Equal(id.blob, blob(s.public)) {
			return failed(
				ErrRefused, KindAgent, Fingerprint(s.public),
				"its confirmation or PIN was not given, the card was taken out, or the key may not be used here "+
					"(ssh-add -h): add it again",
			)
		}
	}
	return absent(Fingerprint(s.public), all)
}

// absent returns the error of a key that the agent does not show. A locked agent shows no keys, and does not say that
// it is locked.
func absent(fingerprint string, all []identity) error {
	if len(all) == 0 {
		return failed(
			ErrLocked, KindAgent, "looked for "+fingerprint,
			"if it was locked: ssh-add -X\nadd the key: ssh-add FILE; of a smart card: ssh-add -s MODULE.so",
		)
	}
	next := "add the key: ssh-add FILE; of a smart card: ssh-add -s MODULE.so"
	for _, line := range candidates(all) {
		next += "\nit holds " + line
	}
	return failed(ErrNoSuchKey, KindAgent, fingerprint, next)
}

func (s *Agent) list() ([]identity, error) {
	conn, err := s.open()
	if err != nil {
		return nil, err
	}
	defer conn.end()
	return identities(conn)
}

func identities(conn *call) ([]identity, error) {
	kind, body, err := exchange(conn, requestIdentities, nil)
	if err != nil {
		return nil, conn.broken(err)
	}
	all, err := parseIdentities(body)
	if kind != identitiesAnswer || err != nil {
		return nil, malformed("")
	}
	return all, nil
}

func malformed(format string) error {
	if format != "" {
		return failed(
			ErrWrong, KindAgent,
			fmt.Sprintf("a signature of the format %s instead of %q", printable.Quote(format), sha512Name),
			"this agent can't sign with SHA-512: use OpenSSH's ssh-agent 7.2 or later, or gpg-agent 2.2.6 or later",
		)
	}
	return failed(ErrWrong, KindAgent, "it is malformed",
		"check which program answers there: OpenSSH's ssh-agent works")
}
