package scripttest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
)

// weaken-passphrase FILE protects the identity of the encrypted files by the passphrase that FILE has, as before, but so that a try
// takes a moment: a second and 256 MiB each, and several times that under the race detector, is for who guesses.
func weakenPassphrase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: weaken-passphrase FILE")
	}
	file := filepath.Join(ts.Getenv("DATA"), "identity")
	_, body, _ := bytes.Cut([]byte(ts.ReadFile(file)), []byte("\n"))
	phrase := trimmed(ts, args[0])
	key, err := age.NewScryptIdentity(phrase)
	ts.Check(err)
	opened, err := age.Decrypt(bytes.NewReader(body), key)
	ts.Check(err)
	text, err := io.ReadAll(opened)
	ts.Check(err)

	lock, err := age.NewScryptRecipient(phrase)
	ts.Check(err)
	lock.SetWorkFactor(8)
	var weak bytes.Buffer
	closing, err := age.Encrypt(&weak, lock)
	ts.Check(err)
	_, err = closing.Write(text)
	ts.Check(err)
	ts.Check(closing.Close())
	const version = "1"
	sum := sha256.Sum256(append([]byte(version+"\n"), weak.Bytes()...))
	ts.Check(os.WriteFile(file, append(fmt.Appendf(nil, "cgp-cred identity %s %x\n", version, sum), weak.Bytes()...), 0o600))
}
