package scripttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

// writePEM: pem BITS FILE [NUMBER] writes a private key, always the same for the same number; "pem ec FILE" one that is
// not RSA, "pem damaged NAME FILE" one of keystoretest.Damaged.
func writePEM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pem BITS|ec FILE [NUMBER], or pem damaged NAME FILE")
	}
	var text []byte
	switch args[0] {
	case "damaged":
		der, ok := keystoretest.Damaged()[args[1]]
		if !ok || len(args) != 3 {
			ts.Fatalf("there is no such damaged key")
		}
		text, args = keystoretest.PEM1(der), args[1:]
	case "ec":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		ts.Check(err)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		ts.Check(err)
		text = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	default:
		bits, err := strconv.Atoi(args[0])
		ts.Check(err)
		number := 0
		if len(args) == 3 {
			number, err = strconv.Atoi(args[2])
			ts.Check(err)
		}
		text = keystoretest.PEM(keystoretest.Key(bits, number))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}

// fingerprint NAME BITS NUMBER sets NAME to the fingerprint of the key that pem writes.
func fingerprint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fingerprint NAME BITS NUMBER")
	}
	bits, number := map[string]int{"2048": 2048, "4096": 4096}[args[1]], strings.Index("0123456789", args[2])
	ts.Setenv(args[0], signer.Fingerprint(&keystoretest.Key(bits, number).PublicKey))
}
