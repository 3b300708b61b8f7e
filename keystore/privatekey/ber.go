package privatekey

import (
	"bytes"
	"encoding/asn1"
	"math/big"
)

// OpenSSL reads more encodings of a key than the standards allow: numbers with zeros in front or without the zero that
// keeps the sign, lengths that are longer than necessary or that come at the end, bytes after the key, and the keys of
// RSASSA-PSS. strict writes such a key as the standards say.

// Tags of ASN.1 (X.690).
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	constructed = 0x20
)

// deepest is how far elements with a length at the end may be nested.
const deepest = 8

// The algorithms of RSA keys: rsaEncryption and id-RSASSA-PSS (RFC 8017, appendix C).
var (
	oidRSA = []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
	oidPSS = []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
)

// element is one ASN.1 element in BER.
type element struct {
	tag  byte
	body []byte
}

// read returns the element that b begins with, and what is after it.
func read(b []byte, depth int) (e element, rest []byte, ok bool) {
	if len(b) < 2 || depth > deepest {
		return e, nil, false
	}
	e.tag = b[0]
	octets := int(b[1])
	b = b[2:]
	switch {
	case octets < 0x80:
		if octets > len(b) {
			return e, nil, false
		}
		e.body = b[:octets]
		return e, b[octets:], true
	case octets == 0x80:
		return readToEnd(e, b, depth)
	}
	if octets &= 0x7f; octets > len(b) {
		return e, nil, false
	}
	length := 0
	for _, c := range b[:octets] {
		if length = length<<8 | int(c); length > maxPEM {
			return e, nil, false
		}
	}
	if b = b[octets:]; length > len(b) {
		return e, nil, false
	}
	e.body = b[:length]
	return e, b[length:], true
}

// readToEnd reads an element whose end is two zero bytes.
func readToEnd(e element, b []byte, depth int) (element, []byte, bool) {
	for rest := b; e.tag&constructed != 0 && len(rest) >= 2; {
		if rest[0] == 0 && rest[1] == 0 {
			e.body = b[:len(b)-len(rest)]
			return e, rest[2:], true
		}
		var ok bool
		if _, rest, ok = read(rest, depth+1); !ok {
			break
		}
	}
	return e, nil, false
}

// members returns the elements in b.
func members(b []byte) (all []element, ok bool) {
	for len(b) > 0 {
		var e element
		if e, b, ok = read(b, 0); !ok {
			return nil, false
		}
		all = append(all, e)
	}
	return all, true
}

// numbers returns the numbers of an RSA key with two primes: n, e, d, p, q, d mod p-1, d mod q-1 and 1/q mod p.
func numbers(der []byte) []*big.Int {
	whole, _, ok := read(der, 0)
	all, well := members(whole.body)
	if !ok || !well || whole.tag != tagSequence || len(all) < 3 || all[0].tag != tagInteger {
		return nil
	}
	if all[1].tag == tagSequence { // PKCS #8
		algorithm, well := members(all[1].body)
		if !well || len(algorithm) == 0 || algorithm[0].tag != tagOID ||
			!bytes.Equal(algorithm[0].body, oidRSA) && !bytes.Equal(algorithm[0].body, oidPSS) {
			return nil
		}
		inner, well := octets(all[2])
		if !well || len(inner) >= len(der) {
			return nil
		}
		return numbers(inner)
	}
	if len(all) != 9 || new(big.Int).SetBytes(all[0].body).Sign() != 0 {
		return nil
	}
	var out []*big.Int
	for _, e := range all[1:] {
		if e.tag != tagInteger {
			return nil
		}
		out = append(out, new(big.Int).SetBytes(e.body))
	}
	return out
}

// octets returns the bytes of an OCTET STRING, which BER may write in parts.
func octets(e element) ([]byte, bool) {
	switch e.tag {
	case tagOctets:
		return e.body, true
	case tagOctets | constructed:
		parts, ok := members(e.body)
		var all []byte
		for _, part := range parts {
			ok = ok && part.tag == tagOctets
			all = append(all, part.body...)
		}
		return all, ok
	}
	return nil, false
}

// strict returns a key in the form of PKCS #1 in DER, and whether it is an RSA key with two primes.
func strict(der []byte) ([]byte, bool) {
	n := numbers(der)
	if n == nil {
		return nil, false
	}
	out, err := asn1.Marshal(struct {
		Version                     int
		N, E, D, P, Q, DP, DQ, QInv *big.Int
	}{0, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]})
	return out, err == nil
}

// largeExponent reports whether a key has an exponent that crypto/rsa can't hold.
func largeExponent(der []byte) bool {
	n := numbers(der)
	return n != nil && n[1].BitLen() > 31
}
