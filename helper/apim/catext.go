package apim

import (
	"crypto/x509"
	"strings"

	"cgp-cred/keystore/text"
)

// caText returns the text of a file of roots as crypto/x509 reads it. Windows exports certificates in DER, and OpenSSL
// has two more names for a certificate in PEM.
func caText(file string, raw []byte) ([]byte, error) {
	const sequence = 0x30
	if len(raw) > 2 && raw[0] == sequence && raw[1] >= 0x80 {
		if _, err := x509.ParseCertificate(raw); err == nil {
			return nil, badCAFile(file, "it is binary (DER), not PEM",
				"write it as PEM: `openssl x509 -inform DER -in FILE -out NEW`, or export it as Base-64 (.CER)")
		}
		return nil, badCAFile(file, "it is binary, not PEM",
			"if it is PKCS #7 (.p7b): `openssl pkcs7 -inform DER -print_certs -in FILE -out NEW`\n"+
				"if it is PKCS #12 (.p12, .pfx): `openssl pkcs12 -in FILE -nokeys -out NEW`")
	}
	pem, err := text.PEM("", raw)
	if err != nil {
		return nil, badCAFile(file, err.Error(), caHint)
	}
	return []byte(strings.ReplaceAll(pem, " X509 CERTIFICATE-", " CERTIFICATE-")), nil
}

// noCertificate returns the error of a file of roots without a certificate; its text is as caText returns it.
func noCertificate(file string, pem []byte) error {
	problem, hint := "it holds no PEM certificate", caHint
	switch has := func(label string) bool { return strings.Contains(string(pem), "-----BEGIN "+label+"-----") }; {
	case len(pem) == 0:
		problem = "it is empty"
	case has("PKCS7"):
		problem, hint = "it holds PKCS #7, not certificates", "`openssl pkcs7 -print_certs -in FILE -out NEW`"
	case has("TRUSTED CERTIFICATE"):
		problem = "it holds a certificate in OpenSSL's own format"
		hint = "write it as usual: `openssl x509 -in FILE -out NEW`"
	case has("CERTIFICATE"):
		problem, hint = "its certificate is cut short or damaged", "copy the whole file again\n"+caHint
	case strings.Contains(string(pem), "PRIVATE KEY-----"):
		problem = "it holds a private key and no certificate"
	}
	return badCAFile(file, problem, hint)
}
