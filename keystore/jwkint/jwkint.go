// Package jwkint writes and reads the numbers of a JWK: Base64urlUInt (RFC 7518, section 2).
package jwkint

import (
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
)

// Encode returns a positive number, big-endian, in base64url without padding.
func Encode(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }

// EncodeInt is [Encode] of an int.
func EncodeInt(n int) string { return Encode(big.NewInt(int64(n))) }

// Decode reads what [Encode] writes, and nothing else, so that equal numbers are equal texts. Its error says what is
// wrong without quoting the text, which may be secret.
func Decode(text string) (*big.Int, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	switch {
	case text == "":
		return nil, errors.New("is missing, empty or no text")
	case strings.HasSuffix(text, "="):
		return nil, errors.New("is padded with =, which RFC 7518 does not allow")
	case err != nil || strings.ContainsAny(text, "\r\n"): // which the decoder ignores
		return nil, errors.New("is not a number in base64url")
	case len(b) == 1 && b[0] == 0:
		return nil, errors.New("is zero")
	case b[0] == 0:
		return nil, errors.New("begins with a zero byte, which RFC 7518 does not allow")
	}
	return new(big.Int).SetBytes(b), nil
}
