package keystoretest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"cgp-cred/keystore"
)

// Kind names the system whose rules a [Limited] keystore has.
type Kind string

// The systems that keep less than they are given.
const (
	Windows Kind = "windows" // at most 2560 bytes (CRED_MAX_CREDENTIAL_BLOB_SIZE)
	MacOS   Kind = "macos"   // a command line for security(1) of at most 4096 characters, the value in base64
	KDE     Kind = "kde"     // replaces each byte that is not ASCII with U+FFFD
)

// Limits has all of them.
var Limits = []Kind{Windows, MacOS, KDE}

// Limited returns an empty keystore in memory with only the rules of one system: it damages and refuses the same
// values.
func Limited(kind Kind) keystore.Keystore {
	return &limited{kind: kind, values: make(map[string][]byte)}
}

type limited struct {
	kind   Kind
	values map[string][]byte
}

func (l *limited) Get(ctx context.Context, account string) (keystore.Secret, error) {
	b, ok := l.values[account]
	if !ok {
		return keystore.Secret{}, &keystore.Error{Kind: keystore.ErrNotFound, Op: "get", Account: account}
	}
	return keystore.NewSecret(b), ctx.Err()
}

func (l *limited) Set(ctx context.Context, account string, value keystore.Secret) error {
	b := bytes.Clone(value.Reveal())
	size, limit := len(b), 2560
	switch l.kind {
	case MacOS:
		size, limit = len(fmt.Sprintf("add-generic-password -U -s %s -a %s -w %s\n", keystore.Service, account,
			"go-keyring-base64:"+base64.StdEncoding.EncodeToString(b))), 4096
	case KDE:
		limit = size
		b = replaceForeign(b)
	}
	if size > limit {
		return &keystore.Error{
			Kind: keystore.ErrTooBig, Op: "set", Account: account,
			Detail: fmt.Sprintf("%s: %d of %d", l.kind, size, limit),
		}
	}
	l.values[account] = b
	if !bytes.Equal(b, value.Reveal()) {
		return &keystore.Error{Kind: keystore.ErrCorrupt, Op: "set", Account: account}
	}
	return ctx.Err()
}

func (l *limited) Delete(ctx context.Context, account string) error {
	if _, ok := l.values[account]; !ok {
		return &keystore.Error{Kind: keystore.ErrNotFound, Op: "delete", Account: account}
	}
	delete(l.values, account)
	return ctx.Err()
}

func replaceForeign(b []byte) []byte {
	var out []byte
	for _, c := range b {
		if c < 0x80 {
			out = append(out, c)
		} else {
			out = append(out, "\ufffd"...)
		}
	}
	return out
}
