package helpertest

import (
	"os"
	"path/filepath"
	"testing"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// SigningProgram returns the test key behind a program, which first runs the shell commands in the file that is
// returned.
func SigningProgram(t *testing.T) (k *record.Key, first string) {
	t.Helper()
	keystoretest.Need(t, "/bin/sh", "dash")
	keystoretest.Need(t, "openssl", "openssl")
	folder := t.TempDir()
	first = filepath.Join(folder, "first")
	script := filepath.Join(folder, "sign")
	for file, text := range map[string]string{
		filepath.Join(folder, "key.pem"): string(keystoretest.PEM(Key())),
		first:                            "",
		script: `cd "${0%/*}" && . ./first
case $1 in
public) openssl pkey -in key.pem -pubout ;;
sign) openssl base64 -d -A >digest &&
	openssl pkeyutl -sign -inkey key.pem -in digest -pkeyopt digest:sha512 | openssl base64 -A ;;
esac`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := signer.NewExec(t.Context(), []string{"/bin/sh", script}, signer.Options{Profile: "int"})
	if err != nil {
		t.Fatal(err)
	}
	return &record.Key{KID: "k1", Signer: s}, first
}

// Run makes the program run commands first.
func Run(t *testing.T, file, commands string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(commands), 0o600); err != nil {
		t.Fatal(err)
	}
}
