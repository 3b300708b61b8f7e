package signer

import (
	"crypto/fips140"
	"strings"

	"cgp-cred/keystore/fault"
)

// BadKey returns the error of a private key that can't be used. It never holds a part of the key. hint is the command
// that makes a usable key of it, or another next step.
func BadKey(problem, hint string) error {
	return fault.New(fault.Usage, hint, "private key: %s", problem)
}

// damagedKey returns the error of a profile's private key whose signatures are wrong: x509 accepts a number that is not
// a prime.
func damagedKey(profile string) error {
	return BadKey(
		"its numbers don't fit together, so its signatures are wrong",
		"give an undamaged copy of it: cgp-cred store "+profile+" --private-key FILE --kid KID --force\n"+
			"or make a new key: cgp-cred keygen "+profile+" --kid NEWKID --force",
	)
}

// ForbiddenKey returns the error of a key that the FIPS 140-only mode forbids, if err says so; otherwise nil.
func ForbiddenKey(err error) error {
	if err == nil || !fips140.Enforced() {
		return nil
	}
	_, why, found := strings.Cut(err.Error(), "use of ") // crypto/rsa has no type for this error
	why, _, mode := strings.Cut(why, " is not allowed in FIPS 140-only mode")
	if !found || !mode {
		return nil
	}
	return BadKey(
		"GODEBUG=fips140=only does not allow "+strings.ReplaceAll(why, "2\u00b9\u2076", "65536"),
		"make a key of 4096 bits: cgp-cred keygen PROFILE --kid NEWKID --force\nor run the command without "+
			"GODEBUG=fips140=only",
	)
}
