package privatekey

import (
	"bytes"
	"slices"
	"strings"

	"cgp-cred/keystore/fault"
)

const (
	newKey   = "make one with `cgp-cred keygen PROFILE --host HOST --kid KID`, or with `openssl genrsa -out NEW 4096`"
	copyKey  = "copy the whole file again, from its BEGIN line to its END line"
	pickKey  = "give the file that holds the private key (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)"
	asPEM    = "write it as PEM: `openssl pkey -inform DER -in FILE -out NEW`"
	noEscrow = "; keep NEW in a private folder and delete it after the import"
)

// The errors, as data that costs nothing when the program starts.
var (
	keyEmpty = &fault.Error{
		Class: fault.Usage, What: "private key: it is empty",
		Hints: []string{pickKey},
	}
	keyTooLong = &fault.Error{
		Class: fault.Usage, What: "private key: it has more than 64 KiB",
		Hints: []string{pickKey},
	}
	keyNotPEM = &fault.Error{
		Class: fault.Usage, What: "private key: it is not a PEM text: there is no BEGIN line",
		Hints: []string{pickKey},
	}
	keyNoArmour = &fault.Error{
		Class: fault.Usage, What: "private key: its BEGIN and END lines are missing",
		Hints: []string{copyKey},
	}
	keyDamaged = &fault.Error{
		Class: fault.Usage, What: "private key: it is cut short or damaged",
		Hints: []string{copyKey, "or " + newKey},
	}
	keyTwo = &fault.Error{
		Class: fault.Usage, What: "private key: there are two private keys",
		Hints: []string{"keep only the one that is registered under the key id"},
	}
	keyEncrypted = &fault.Error{
		Class: fault.Usage, What: "private key: it is encrypted with a passphrase",
		Hints: []string{"decrypt it: `openssl rsa -in FILE -out NEW`" + noEscrow},
	}
	keyOpenSSH = &fault.Error{
		Class: fault.Usage, What: "private key: it is in OpenSSH's own format",
		Hints: []string{"convert a copy of it: `ssh-keygen -p -m PEM -f COPY`; only RSA keys can be used"},
	}
	keyPuTTY = &fault.Error{
		Class: fault.Usage, What: "private key: it is in PuTTY's own format",
		Hints: []string{"convert it: `puttygen FILE -O private-openssh -o NEW`, then `ssh-keygen -p -m PEM -f NEW`"},
	}
	keySSHPublic = &fault.Error{
		Class: fault.Usage, What: "private key: it is a public key of OpenSSH",
		Hints: []string{pickKey},
	}
	keyPublic = &fault.Error{
		Class: fault.Usage, What: "private key: it is a public key",
		Hints: []string{pickKey},
	}
	keyCert = &fault.Error{
		Class: fault.Usage, What: "private key: it is a certificate",
		Hints: []string{pickKey},
	}
	keyRequest = &fault.Error{
		Class: fault.Usage, What: "private key: it is a certificate request",
		Hints: []string{pickKey},
	}
	keyParameters = &fault.Error{
		Class: fault.Usage, What: "private key: it holds parameters and no key",
		Hints: []string{pickKey},
	}
	keyPGP = &fault.Error{
		Class: fault.Usage, What: "private key: it is an OpenPGP key",
		Hints: []string{newKey},
	}
	keyNotRSA = &fault.Error{
		Class: fault.Usage, What: "private key: it is not an RSA key, and API Management takes no other",
		Hints: []string{newKey},
	}
	keyMultiPrime = &fault.Error{
		Class: fault.Usage, What: "private key: it has more than two primes",
		Hints: []string{newKey},
	}
	keyExponent = &fault.Error{
		Class: fault.Usage, What: "private key: its public exponent has more than 31 bits, which few programs read",
		Hints: []string{newKey},
	}
	keyTooSmall = &fault.Error{
		Class: fault.Usage, What: "private key: it is shorter than 1024 bits, which is no longer accepted",
		Hints: []string{newKey},
	}
	keyTooLarge = &fault.Error{
		Class: fault.Usage, What: "private key: it has more than 8192 bits and does not fit into keychains",
		Hints: []string{newKey},
	}
	keyBinary = &fault.Error{
		Class: fault.Usage, What: "private key: it is binary (DER), not PEM",
		Hints: []string{asPEM},
	}
	keyPKCS12 = &fault.Error{
		Class: fault.Usage, What: "private key: it is a PKCS #12 file (.p12, .pfx)",
		Hints: []string{"take the key out of it: `openssl pkcs12 -in FILE -nocerts -nodes -out NEW`" + noEscrow},
	}
	keyJWK = &fault.Error{
		Class: fault.Usage, What: "private key: it is JSON (a JWK or key set), not PEM",
		Hints: []string{"convert it to PEM with the tool that made it, or " + newKey},
	}
)

// notPEM recognises, by its first characters, a text that users take for a PEM file.
func notPEM(s string) error {
	switch {
	case s == "":
		return keyEmpty
	case strings.HasPrefix(s, "PuTTY-User-Key-File-"):
		return keyPuTTY
	case strings.HasPrefix(s, "{"), strings.HasPrefix(s, "["):
		return keyJWK
	case strings.HasPrefix(s, "ssh-"), strings.HasPrefix(s, "ecdsa-"), strings.HasPrefix(s, "---- BEGIN SSH2"):
		return keySSHPublic
	}
	return nil
}

// unusable recognises private keys that are not plain RSA, by their label and headers.
func unusable(label, body string) error {
	switch {
	case label == "ENCRYPTED PRIVATE KEY", strings.Contains(body, ",ENCRYPTED"):
		return keyEncrypted
	case label == "OPENSSH PRIVATE KEY":
		return keyOpenSSH
	case strings.HasPrefix(label, "PGP "):
		return keyPGP
	case label != "PRIVATE KEY" && label != "RSA PRIVATE KEY":
		return keyNotRSA // EC, DSA
	}
	return nil
}

// noPrivateKey returns an error that names the content of a PEM text without a private key.
func noPrivateKey(labels []string) error {
	has := func(part string) bool {
		return slices.ContainsFunc(labels, func(l string) bool { return strings.Contains(l, part) })
	}
	switch {
	case has("PUBLIC KEY"):
		return keyPublic
	case has("CERTIFICATE REQUEST"):
		return keyRequest
	case has("CERTIFICATE"):
		return keyCert
	case has("PARAMETERS"):
		return keyParameters
	}
	return keyNotPEM
}

// binaryKey distinguishes PKCS #12, whose first member is version 3, from other DER.
func binaryKey(der []byte) error {
	if skip := 2 + int(der[1]&0x7f); len(der) > skip+3 && bytes.Equal(der[skip:skip+3], []byte{2, 1, 3}) {
		return keyPKCS12
	}
	return keyBinary
}
