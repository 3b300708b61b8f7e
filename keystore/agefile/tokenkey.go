package agefile

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// TokenKey derives 32 bytes from an unencrypted identity file (RFC 5869). They seal a token whose key record the same
// file opens, so that the token is as safe as that.
func TokenKey(identity string) ([]byte, error) {
	k, err := readIdentity(identity)
	if err != nil {
		return nil, err
	}
	secret, ok := k.identities[0].(fmt.Stringer)
	if !ok {
		return nil, damaged("it holds an identity of an unknown type")
	}
	return hkdf.Key(sha256.New, []byte(secret.String()), nil, "cgp-cred token file 1", 32)
}
