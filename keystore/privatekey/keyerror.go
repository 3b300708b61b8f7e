package privatekey

import (
	"bytes"
	"slices"
	"strings"

	"cgp-cred/keystore/signer"
)

const (
	newKey   = "make one with `cgp-cred keygen PROFILE --host HOST --kid KID`, or with `openssl genrsa -out NEW 4096`"
	copyKey  = "copy the whole file again, from its BEGIN line to its END line"
	pickKey  = "give the file that holds the private key (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)"
	asPEM    = "write it as PEM: `openssl pkey -inform DER -in FILE -out NEW`"
	noEscrow = "; keep NEW in a private folder and delete it after the import"
)

var (
	keyEmpty     = signer.BadKey("it is empty", pickKey)
	keyTooLong   = signer.BadKey("it has more than 64 KiB", pickKey)
	keyNotPEM    = signer.BadKey("it is not a PEM text: there is no BEGIN line", pickKey)
	keyNoArmour  = signer.BadKey("its BEGIN and END lines are missing", copyKey)
	keyDamaged   = signer.BadKey("it is cut short or damaged", copyKey+"\nor "+newKey)
	keyTwo       = signer.BadKey("there are two private keys", "keep only the one that is registered under the key id")
	keyEncrypted = signer.BadKey("it is encrypted with a passphrase",
		"decrypt it: `openssl rsa -in FILE -out NEW`"+noEscrow)
	keyOpenSSH = signer.BadKey("it is in OpenSSH's own format",
		"convert a copy of it: `ssh-keygen -p -m PEM -f COPY`; only RSA keys can be used")
	keyPuTTY = signer.BadKey("it is in PuTTY's own format",
		"convert it: `puttygen FILE -O private-openssh -o NEW`, then `ssh-keygen -p -m PEM -f NEW`")
	keySSHPublic  = signer.BadKey("it is a public key of OpenSSH", pickKey)
	keyPublic     = signer.BadKey("it is a public key", pickKey)
	keyCert       = signer.BadKey("it is a certificate", pickKey)
	keyRequest    = signer.BadKey("it is a certificate request", pickKey)
	keyParameters = signer.BadKey("it holds parameters and no key", pickKey)
	keyPGP        = signer.BadKey("it is an OpenPGP key", newKey)
	keyNotRSA     = signer.BadKey("it is not an RSA key, and API Management takes no other", newKey)
	keyMultiPrime = signer.BadKey("it has more than two primes", newKey)
	keyTooSmall   = signer.BadKey("it is shorter than 1024 bits, which is no longer accepted", newKey)
	keyTooLarge   = signer.BadKey("it has more than 8192 bits and does not fit into keychains", newKey)
	keyBinary     = signer.BadKey("it is binary (DER), not PEM", asPEM)
	keyPKCS12     = signer.BadKey("it is a PKCS #12 file (.p12, .pfx)",
		"take the key out of it: `openssl pkcs12 -in FILE -nocerts -nodes -out NEW`"+noEscrow)
	keyJWK = signer.BadKey("it is JSON (a JWK or key set), not PEM",
		"convert it to PEM with the tool that made it, or "+newKey)
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
