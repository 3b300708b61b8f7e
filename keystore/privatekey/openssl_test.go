package privatekey_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/privatekey"
	"cgp-cred/keystore/record"
)

// tlv returns an ASN.1 element. A length with a form is written that way: "long" with zeros in front, "end" as two zero
// bytes after the element.
func tlv(form string, tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	n := len(body)
	switch {
	case form == "end" && tag&0x20 != 0:
		return append(append([]byte{tag, 0x80}, body...), 0, 0)
	case form == "long":
		return append([]byte{tag, 0x84, 0, 0, byte(n >> 8), byte(n)}, body...)
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
}

// encoding says how odd a key is encoded.
type encoding struct {
	form   string // of each length
	zeros  int    // in front of each number; -1: not even the one that keeps the sign
	after  string // the SEQUENCE
	phi    bool   // d is the inverse modulo (p-1)(q-1)
	swap   bool   // p is the smaller prime
	pss    bool   // PKCS #8 with the algorithm RSASSA-PSS
	pkcs8  bool
	parts  bool // PKCS #8 with an OCTET STRING in two parts
	params bool // PKCS #8 without the NULL
	extra  bool // PKCS #8 with attributes
}

func (o encoding) der(k *rsa.PrivateKey) []byte {
	number := func(n *big.Int) []byte {
		b := n.Bytes()
		if o.zeros >= 0 {
			b = append(make([]byte, o.zeros), append([]byte{0}, b...)...)
			if o.zeros == 0 && len(b) > 1 && b[1] < 0x80 {
				b = b[1:]
			}
		}
		return tlv(o.form, 2, b)
	}
	one := big.NewInt(1)
	p, q, d := k.Primes[0], k.Primes[1], k.D
	if o.swap != (p.Cmp(q) < 0) {
		p, q = q, p
	}
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	if o.phi {
		d = new(big.Int).ModInverse(big.NewInt(int64(k.E)), new(big.Int).Mul(p1, q1))
	}
	der := tlv(o.form, 0x30, tlv("", 2, []byte{0}), number(k.N), number(big.NewInt(int64(k.E))), number(d), number(p), number(q),
		number(new(big.Int).Mod(d, p1)), number(new(big.Int).Mod(d, q1)), number(new(big.Int).ModInverse(q, p)))
	if o.pkcs8 {
		oid, null, key := []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), []byte{5, 0}, tlv(o.form, 4, der)
		if o.pss {
			oid, null = []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), nil
		}
		if o.params {
			null = nil
		}
		if o.parts {
			key = tlv(o.form, 0x24, tlv("", 4, der[:100]), tlv("", 4, der[100:]))
		}
		var extra []byte
		if o.extra { // localKeyID
			extra = tlv("", 0xa0, tlv("", 0x30, tlv("", 6, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15")), tlv("", 0x31, tlv("", 4, []byte{1}))))
		}
		der = tlv(o.form, 0x30, tlv("", 2, []byte{0}), tlv(o.form, 0x30, tlv("", 6, oid), null), key, extra)
	}
	return append(der, o.after...)
}

func openssl(t *testing.T, args ...string) error {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = t.TempDir()
	return cmd.Run()
}

// Every key that `openssl rsa -check` accepts is read as the same key.
func TestParseReadsWhatOpenSSLReads(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "openssl", "openssl")
	k := keystoretest.Key(2048, 0)
	uneven := unevenKey(t)
	folder := t.TempDir()
	for name, c := range map[string]struct {
		encoding
		key  *rsa.PrivateKey
		must bool // OpenSSL 1.1.1 and 3 accept it
	}{
		"plain":                  {encoding{}, k, true},
		"a zero too many":        {encoding{zeros: 1}, k, true},
		"nine zeros":             {encoding{zeros: 9}, k, true},
		"no zero for the sign":   {encoding{zeros: -1}, k, true},
		"long lengths":           {encoding{form: "long"}, k, true},
		"lengths at the end":     {encoding{form: "end"}, k, true},
		"bytes after it":         {encoding{after: "\x00\x00 rest"}, k, true},
		"d modulo phi":           {encoding{phi: true}, k, true},
		"smaller prime first":    {encoding{swap: true}, k, true},
		"PKCS #8":                {encoding{pkcs8: true}, k, true},
		"PKCS #8, zeros":         {encoding{pkcs8: true, zeros: 2}, k, true},
		"PKCS #8, long lengths":  {encoding{pkcs8: true, form: "long"}, k, true},
		"PKCS #8, ends":          {encoding{pkcs8: true, form: "end"}, k, true},
		"PKCS #8, parts":         {encoding{pkcs8: true, parts: true}, k, false},
		"PKCS #8, parts, ends":   {encoding{pkcs8: true, parts: true, form: "end"}, k, false},
		"PKCS #8, no NULL":       {encoding{pkcs8: true, params: true}, k, false},
		"PKCS #8, attributes":    {encoding{pkcs8: true, extra: true}, k, true},
		"PKCS #8, bytes after":   {encoding{pkcs8: true, after: "rest"}, k, true},
		"RSASSA-PSS":             {encoding{pkcs8: true, pss: true}, k, false},
		"primes of uneven sizes": {encoding{}, uneven, true},
		"uneven, swapped, zeros": {encoding{swap: true, zeros: 1, pkcs8: true}, uneven, true},
	} {
		der := c.der(c.key)
		for _, label := range []string{"RSA PRIVATE KEY", "PRIVATE KEY"} {
			if c.pkcs8 == (label == "RSA PRIVATE KEY") {
				continue
			}
			text := pemText(label, der)
			file := filepath.Join(folder, "key.pem")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := openssl(t, "rsa", "-check", "-noout", "-in", file)
			if err != nil && c.must {
				t.Errorf("%s: openssl does not accept the test's key: %v", name, err)
			}
			got, perr := privatekey.Parse([]byte(text))
			if perr != nil || !got.Reveal().PublicKey.Equal(&c.key.PublicKey) {
				t.Errorf("%s: %v (openssl: %v)", name, perr, err)
				continue
			}
			kept, err := (&record.Record{Rev: "r", Host: "h", Auth: "jwt", Key: &record.Key{KID: "k", Signer: got}}).Encode()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if again, err := record.Decode(kept); err != nil || !c.key.PublicKey.Equal(again.Key.Signer.Public()) {
				t.Errorf("%s: read, and lost: %v", name, err)
			}
		}
	}
}

// unevenKey has primes of 700 and 1348 bits.
func unevenKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	e := big.NewInt(65537)
	for {
		p, err := rand.Prime(rand.Reader, 700)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 1348)
		if err != nil {
			t.Fatal(err)
		}
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil {
			return &rsa.PrivateKey{
				PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q},
			}
		}
	}
}

// A hint with an openssl command makes a file that is read.
func TestHintsOfOpenSSLWork(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "openssl", "openssl")
	k := keystoretest.Key(2048, 0)
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	write := func(name string, b []byte) {
		if err := os.WriteFile(at(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("key.pem", keystoretest.PEM(k))
	write("pkcs1.der", x509.MarshalPKCS1PrivateKey(k))
	write("pkcs8.der", encoding{pkcs8: true}.der(k))
	write("long.der", encoding{form: "long", zeros: 1}.der(k))
	write("ends.der", encoding{form: "end"}.der(k))
	for _, args := range [][]string{
		{"req", "-x509", "-new", "-key", at("key.pem"), "-subj", "/CN=test", "-days", "2", "-out", at("cert.pem")},
		{"pkcs12", "-export", "-inkey", at("key.pem"), "-in", at("cert.pem"), "-passout", "pass:secret", "-out", at("key.p12")},
		{"rsa", "-in", at("key.pem"), "-aes128", "-passout", "pass:secret", "-out", at("encrypted.pem")},
		{"rsa", "-in", at("key.pem"), "-aes128", "-passout", "pass:secret", "-outform", "DER", "-out", at("encrypted.der")},
	} {
		if err := openssl(t, args...); err != nil {
			t.Fatalf("openssl %v: %v", args, err)
		}
	}
	for _, file := range []string{"pkcs1.der", "pkcs8.der", "long.der", "ends.der", "key.p12", "encrypted.pem"} {
		raw, err := os.ReadFile(at(file))
		if err != nil {
			t.Fatal(err)
		}
		_, err = privatekey.Parse(raw)
		_, hint, found := strings.Cut(fault.HintOf(err, ""), "`openssl ")
		command, _, _ := strings.Cut(hint, "`")
		if !found {
			t.Errorf("%s: %v has no hint with openssl", file, err)
			continue
		}
		args := strings.Fields(strings.NewReplacer("FILE", at(file), "NEW", at("new.pem")).Replace(command))
		if strings.HasPrefix(file, "encrypted") || strings.HasSuffix(file, ".p12") {
			args = append(args, "-passin", "pass:secret")
		}
		if err := openssl(t, args...); err != nil {
			t.Errorf("%s: openssl %v: %v", file, args, err)
			continue
		}
		raw, err = os.ReadFile(at("new.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := privatekey.Parse(raw); err != nil || !got.Reveal().PublicKey.Equal(&k.PublicKey) {
			t.Errorf("%s: %v", file, err)
		}
		_ = os.Remove(at("new.pem"))
	}
}

// What editors, chats, mail and variables make of a key.
func TestParseUndoesPasting(t *testing.T) {
	t.Parallel()
	k := keystoretest.Key(2048, 0)
	good := string(keystoretest.PEM(k))
	old := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
	for form, text := range map[string]string{"PKCS #8": good, "PKCS #1": old} {
		for name, odd := range map[string]string{
			"smart dashes":     strings.ReplaceAll(text, "--", "\u2014"),
			"en dashes":        strings.ReplaceAll(text, "-", "\u2013"),
			"minus signs":      strings.ReplaceAll(text, "-", "\u2212"),
			"non-break hyphen": strings.ReplaceAll(text, "-", "\u2011"),
			"a dash lost":      text[1:],
			"more lost":        strings.ReplaceAll(text, "-----", "---"),
			"one too many":     strings.ReplaceAll(text, "-----", "------"),
			"last dashes lost": strings.TrimRight(text, "-\n"),
			"mail":             "> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\r\n> "),
			"mail twice":       ">> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n>> "),
			"mail, with text":  "On Monday A wrote:\n> Hello\n>\n> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n-- \nB",
			"zero width":       strings.ReplaceAll(text, "\n", "\u200b\n"),
			"soft hyphens":     text[:100] + "\u00ad" + text[100:],
			"no-break spaces":  strings.ReplaceAll(text, " ", "\u00a0"),
			"line separators":  strings.ReplaceAll(text, "\n", "\u2028"),
			"code fence":       "```\n" + text + "```",
			"chat":             "here it is: `" + text + "`",
			".env":             "PRIVATE_KEY=\"" + strings.ReplaceAll(text, "\n", `\n`) + "\"\r\n",
			"PHP's JSON":       `{"key":"` + strings.NewReplacer("\n", `\n`, "/", `\/`).Replace(text) + `"}`,
			"YAML":             "private_key: |\n  " + strings.ReplaceAll(text, "\n", "\n  "),
			"typographic":      "\u201c" + text + "\u201d",
			"UTF-16, no mark":  utf16LE(text)[2:],
			"Latin-1 around":   "friendlyName: Schl\xfcssel\n" + text,
			"bag attributes":   "Bag Attributes\n    localKeyID: 01 \nKey Attributes: <No Attributes>\n" + text,
			"headers":          strings.Replace(text, "-----\n", "-----\nComment: mine\nX: y\n\n", 1),
			"twice":            text + text,
			"base64, mark":     "\ufeff" + base64.StdEncoding.EncodeToString([]byte("\ufeff"+text)) + "\r\n",
			"base64, quoted":   "'" + wrapped(text) + "'",
			"DOS":              strings.ReplaceAll(text, "\n", "\r\n") + "\x1a",
		} {
			got, err := privatekey.Parse([]byte(odd))
			if err != nil || !got.Reveal().Equal(k) {
				t.Errorf("%s, %s: %v", form, name, err)
			}
		}
	}
	for name, c := range map[string][2]string{
		"variable": {"${PRIVATE_KEY}", "${PRIVATE_KEY}, which was not replaced"},
		"masked":   {"***\r\n", "***, which hides"},
		"command":  {"$(cat key.pem)", "$(cat key.pem), which was not replaced"},
		"example":  {"<your private key>", "<your private key>, which was not replaced"},
	} {
		_, err := privatekey.Parse([]byte(c[0]))
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
