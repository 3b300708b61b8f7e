package signer_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "sign-as" {
		os.Exit(signAs(os.Args[2], os.Args[3]))
	}
	os.Exit(keystoretest.Main(m))
}

// signAs is a program that signs: this test, started again. It has a key, and can answer with another one's signature,
// or with line ends as Windows programs write them.
func signAs(who, verb string) (status int) {
	key := keystoretest.Key(2048, 0)
	end := "\n"
	switch {
	case who == "crlf":
		end = "\r\n"
	case who == "another" && verb == "sign":
		key = keystoretest.Key(2048, 1)
	}
	if verb == "public" {
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return 1
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		fmt.Print(strings.ReplaceAll(string(text), "\n", end))
		return 0
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	digest, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(string(text), "\n"))
	if err != nil || len(digest) != sha512.Size {
		return 1
	}
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA512, digest)
	if err != nil {
		return 1
	}
	fmt.Print(base64.StdEncoding.EncodeToString(signature), end)
	return 0
}
