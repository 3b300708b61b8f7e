package keystoretest

import (
	"crypto/rsa"
	"strings"

	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// RecordKey returns test key number i under an id.
func RecordKey(bits, i int, kid string) *record.Key {
	return &record.Key{KID: kid, Signer: signer.NewRSA(Key(bits, i))}
}

// Record returns the largest record in normal use: two keys of 4096 bits and every other member.
func Record() *record.Record {
	return &record.Record{
		Rev: record.NewRev(), Host: "internal-qa-sandbox.api.service.nhs.uk", APIName: "genomic-data-access",
		Auth:     "jwt",
		APIKey:   keystore.NewSecret([]byte(strings.Repeat("k", 32))),
		Key:      RecordKey(4096, 0, strings.Repeat("a", 36)),
		Next:     RecordKey(4096, 1, strings.Repeat("b", 36)),
		TokenURL: "https://internal-qa-sandbox.api.service.nhs.uk/oauth2-mock/token",
		Audience: "https://internal-qa-sandbox.api.service.nhs.uk/oauth2-mock/token",
	}
}

// SameSigner compares private keys if the records have them, otherwise the public keys and their places.
func SameSigner(a, b signer.Signer) bool {
	x, own := a.(signer.RSA)
	y, alsoOwn := b.(signer.RSA)
	if own && alsoOwn {
		return x.Reveal().Equal(y.Reveal())
	}
	return own == alsoOwn && a.Public().(*rsa.PublicKey).Equal(b.Public()) && a.Where() == b.Where()
}
