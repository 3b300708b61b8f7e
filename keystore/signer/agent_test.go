package signer_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

// small is a key with which hundreds of signatures cost nothing.
func small(i int) *rsa.PrivateKey { return keystoretest.Key(1024, i) }

func agentKey(t *testing.T, k *rsa.PrivateKey) *signer.Agent {
	t.Helper()
	a, err := signer.NewAgent(signer.Fingerprint(&k.PublicKey), within(20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// An agent may leave a signature's leading zeros out; an assertion needs them.
func TestAgentSigns(t *testing.T) {
	k := small(0)
	short := 0
	honest := holding("rsa-sha2-512", k, small(1), k)
	fakeAgent(t, func(m []byte) []byte {
		reply := honest(m)
		if m[0] == 13 && len(reply) < 4+1+4+4+12+4+128 {
			short++
		}
		return reply
	})
	a := agentKey(t, k)
	if a.Kind() != "ssh-agent" || !strings.HasPrefix(a.Where(), "in ssh-agent, SHA256:") || signer.Bits(a) != 1024 {
		t.Errorf("%s, %s, %d bits", a.Kind(), a.Where(), signer.Bits(a))
	}
	for i := 0; short == 0; i++ {
		message := fmt.Append(nil, "message ", i)
		sig, err := crypto.SignMessage(a, nil, message, crypto.SHA512)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha512.Sum512(message)
		if err := rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA512, digest[:], sig); err != nil || len(sig) != 128 {
			t.Fatalf("%d bytes: %v", len(sig), err)
		}
		if i > 10000 {
			t.Fatal("no signature with a leading zero came")
		}
	}
}

func TestAgentLists(t *testing.T) {
	fakeAgent(t, holding("rsa-sha2-512", nil, small(0), small(1)))
	keys, err := signer.AgentKeys(within(20 * time.Second))
	if want := signer.Fingerprint(&small(1).PublicKey) + ` # 1024 bits a comment\x1b[2J`; err != nil ||
		len(keys) != 2 || keys[1] != want {
		t.Errorf("%q, %v", keys, err)
	}
	_, err = signer.NewAgent(signer.Fingerprint(&small(2).PublicKey), within(20*time.Second))
	if !errors.Is(err, signer.ErrNoSuchKey) || !slices.Contains(fault.HintsOf(err), "it holds "+keys[0]) {
		t.Errorf("%v", err)
	}
}

func TestAgentFailures(t *testing.T) {
	k, other := small(0), small(1)
	list := holding("", nil, k)
	signing := func(reply []byte) func([]byte) []byte {
		return func(m []byte) []byte {
			if m[0] == 11 {
				return list(m)
			}
			return reply
		}
	}
	tests := []struct {
		name  string
		agent func([]byte) []byte
		kind  error
		want  string
	}{
		{
			"SHA-1", holding("ssh-rsa", k, k), signer.ErrWrong,
			`a signature of the format "ssh-rsa" instead of "rsa-sha2-512"`,
		},
		{"SHA-256", holding("rsa-sha2-256", k, k), signer.ErrWrong, `"rsa-sha2-256"`},
		{"a format with an escape", holding("x\x1b[2J", k, k), signer.ErrWrong, `"x\x1b[2J"`},
		{"another key", holding("rsa-sha2-512", other, k), signer.ErrWrong, "another key"},
		{"refuses", holding("rsa-sha2-512", nil, k), signer.ErrRefused, "it refused to sign"},
		{"gone", signing(nil), signer.ErrUnavailable, "closed the connection"},
		{"cut short", signing([]byte{0, 0, 0, 9, 14, 0}), signer.ErrTimeout, "did not answer"},
		{"nothing", signing([]byte{0, 0, 0, 0}), signer.ErrWrong, "malformed"},
		{"endless", signing([]byte{0xff, 0xff, 0xff, 0xff, 14}), signer.ErrWrong, "malformed"},
		{"another kind", signing(framed([]byte{6})), signer.ErrWrong, "malformed"},
		{"lengths that lie", signing(framed([]byte{14, 0xff, 0xff, 0xff, 0xff, 0})), signer.ErrWrong, "malformed"},
		{
			"too long",
			signing(framed([]byte{14}, str(append(str([]byte("rsa-sha2-512")), str(make([]byte, 4096))...)))),
			signer.ErrWrong, "malformed",
		},
		{"hangs", signing([]byte{}), signer.ErrTimeout, "waited 500ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fakeAgent(t, tt.agent)
			a, err := signer.NewAgent(signer.Fingerprint(&k.PublicKey), within(500*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			sig, err := crypto.SignMessage(a, nil, []byte("message"), crypto.SHA512)
			if sig != nil || !errors.Is(err, tt.kind) || fault.ClassOf(err) != fault.Keystore ||
				fault.HintOf(err, "") == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %v with %q", err, tt.kind, tt.want)
			}
		})
	}
}

// An agent that shows no key is locked or empty; one that counts more keys than it sends is refused at once.
func TestAgentShowsNothing(t *testing.T) {
	fakeAgent(t, holding("", nil))
	_, err := signer.NewAgent(signer.Fingerprint(&small(0).PublicKey), within(time.Second))
	if !errors.Is(err, signer.ErrLocked) {
		t.Errorf("%v, want locked", err)
	}
	fakeAgent(t, func([]byte) []byte { return framed([]byte{12, 0xff, 0xff, 0xff, 0xff}) })
	if _, err := signer.AgentKeys(within(time.Second)); !errors.Is(err, signer.ErrWrong) {
		t.Errorf("%v, want malformed", err)
	}
}

func TestAgentUnreachable(t *testing.T) {
	for _, path := range noAgents {
		t.Setenv("SSH_AUTH_SOCK", path)
		_, err := signer.AgentKeys(within(time.Second))
		if !errors.Is(err, signer.ErrUnavailable) || fault.ClassOf(err) != fault.Keystore ||
			fault.HintOf(err, "") == "" || len(err.Error()) > 500 {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestAgentRefusesOtherWays(t *testing.T) {
	fakeAgent(t, holding("rsa-sha2-512", small(0), small(0)))
	a := agentKey(t, small(0))
	for name, opts := range map[string]crypto.SignerOpts{
		"PSS":     &rsa.PSSOptions{Hash: crypto.SHA512},
		"SHA-256": crypto.SHA256, "nothing": nil,
	} {
		if _, err := a.SignMessage(nil, nil, opts); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := a.Sign(nil, make([]byte, 64), crypto.SHA512); err == nil {
		t.Error("signed a digest")
	}
	bad := errors.New("no duration")
	limit := signer.Options{Limit: func() (time.Duration, error) { return 0, bad }}
	if _, err := signer.AgentKeys(limit); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	if err := signer.CheckFingerprint(signer.Fingerprint(&small(0).PublicKey)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "SHA256:", "MD5:aa:bb", "SHA256:" + strings.Repeat("x", 44),
		strings.Repeat("x", 43),
	} {
		if signer.CheckFingerprint(bad) == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

// A context ends the waiting before the deadline does.
func TestWithin(t *testing.T) {
	fakeAgent(t, func(m []byte) []byte {
		if m[0] == 11 {
			return holding("", nil, small(0))(m)
		}
		return []byte{} // says nothing
	})
	a := agentKey(t, small(0))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := crypto.SignMessage(signer.Within(ctx, a), nil, nil, crypto.SHA512); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
	if _, err := crypto.SignMessage(signer.Within(ctx, a), nil, nil, crypto.SHA512); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	_, err := crypto.SignMessage(signer.Within(ctx, a), nil, nil, crypto.SHA512)
	if !errors.Is(err, signer.ErrTimeout) {
		t.Errorf("%v, want a deadline", err)
	}
	if own := signer.NewRSA(small(0)); signer.External(signer.Within(ctx, own)) {
		t.Error("a record's own key became another")
	}
}
