package privatekey

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

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

// plainText undoes the changes that editors, variables and shells make to a text.
func plainText(b []byte) string {
	s := strings.TrimPrefix(fromUTF16(b), "\ufeff")
	s = strings.NewReplacer(`\\r`, "\n", `\\n`, "\n", `\r`, "\n", `\n`, "\n", "\r", "\n").Replace(s)
	return strings.Trim(s, "\"'` \t\n")
}

// fromUTF16 decodes the output of PowerShell's >. It does not change other text.
func fromUTF16(b []byte) string {
	if len(b) < 2 {
		return string(b)
	}
	var order binary.ByteOrder
	switch {
	case b[0] == 0xff && b[1] == 0xfe:
		order = binary.LittleEndian
	case b[0] == 0xfe && b[1] == 0xff:
		order = binary.BigEndian
	default:
		return string(b)
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, order.Uint16(b[i:]))
	}
	return string(utf16.Decode(units))
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
	inner := plainText(b)
	clear(b)
	if !strings.Contains(inner, beginLine) {
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
		if found != nil {
			return block{}, keyTwo
		}
		if err := unusable(label, body); err != nil {
			return block{}, err
		}
		der, good := fromBase64(strings.Trim(body, "\"'"))
		if !ok || !good || strings.Contains(body, dashes) {
			return block{}, keyDamaged
		}
		found = &block{label: label, der: der}
	}
	if found == nil {
		return block{}, noPrivateKey(others)
	}
	return *found, nil
}

// looksLikeDER reports whether b starts as an ASN.1 SEQUENCE of at least 128 bytes.
func looksLikeDER(b []byte) bool {
	return len(b) > 4 && b[0] == 0x30 && b[1] >= 0x81 && b[1] <= 0x83
}

// cutShort reports whether the outermost SEQUENCE is longer than b.
func cutShort(b []byte) bool {
	switch {
	case len(b) < 2 || b[0] != 0x30:
		return true
	case b[1] < 0x80: // the short form of the length
		return 2+int(b[1]) > len(b)
	case !looksLikeDER(b):
		return true
	}
	octets := int(b[1] & 0x7f)
	if len(b) < 2+octets {
		return true
	}
	length := 0
	for _, c := range b[2 : 2+octets] {
		length = length<<8 | int(c)
	}
	return 2+octets+length > len(b)
}
