package privatekey

import (
	"bytes"
	"encoding/base64"
	"strings"

	"cgp-cred/keystore/text"
)

// input is what errors call the text.
const input = "private key"

const (
	beginLine = "-----BEGIN "
	endLine   = "-----END "
	dashes    = "-----"
)

// block is one PEM block (RFC 7468) after base64 decoding.
type block struct {
	label string // the words after BEGIN
	der   []byte
}

// unwrap returns the PEM text if s is its base64; otherwise its error says what s is.
func unwrap(s string) (string, error) {
	if err := notPEM(s); err != nil {
		return "", err
	}
	b, ok := fromBase64(s)
	if !ok {
		return "", keyNotPEM
	}
	if looksLikeDER(b) {
		return "", keyNoArmour
	}
	inner, err := text.PEM(input, b)
	clear(b)
	if err != nil || !strings.Contains(inner, beginLine) {
		return "", keyNotPEM
	}
	return inner, nil
}

// fromBase64 reads base64 of either alphabet, padded or not, broken into lines anywhere.
func fromBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '=':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, s)
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil && len(b) > 0
}

// privateBlock returns the one private key of a PEM text.
func privateBlock(s string) (block, error) {
	var found *block
	var others []string
	for {
		_, rest, ok := strings.Cut(s, beginLine)
		if !ok {
			break
		}
		label, rest, ok := strings.Cut(rest, dashes)
		if !ok || len(label) > 64 || strings.Contains(label, "\n") {
			return block{}, keyDamaged
		}
		body, after, ok := strings.Cut(rest, endLine+label+dashes)
		s = after
		if !strings.HasSuffix(label, "PRIVATE KEY") && !strings.HasSuffix(label, "PRIVATE KEY BLOCK") {
			others = append(others, label)
			if !ok {
				s = rest // a damaged certificate must not hide the key after it
			}
			continue
		}
		err := unusable(label, body)
		if err != nil && found == nil {
			return block{}, err
		}
		der, good := fromBase64(strings.Trim(withoutHeaders(body), "\"'"))
		switch {
		case found != nil && (err != nil || !bytes.Equal(found.der, der)): // the same key twice is one key
			return block{}, keyTwo
		case !ok || !good || strings.Contains(body, dashes):
			return block{}, keyDamaged
		}
		found = &block{label: label, der: der}
	}
	if found == nil {
		return block{}, noPrivateKey(others)
	}
	return *found, nil
}

// looksLikeDER reports whether b starts as an ASN.1 SEQUENCE of at least 128 bytes, or of a length that follows.
func looksLikeDER(b []byte) bool {
	return len(b) > 4 && b[0] == tagSequence && b[1] >= 0x80 && b[1] <= 0x84
}

// withoutHeaders removes the lines "Name: value" and the empty line after them (RFC 1421), if a block begins with them.
func withoutHeaders(body string) string {
	head, rest, found := strings.Cut(strings.TrimLeft(body, " \t\n"), "\n\n")
	if first, _, _ := strings.Cut(head, "\n"); found && strings.Contains(first, ": ") {
		return rest
	}
	return body
}
