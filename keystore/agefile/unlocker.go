package agefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/terminal"
	"cgp-cred/keystore/text"
)

// Unlocker gets passphrases: from a file or a descriptor if one is named, otherwise from the user at the terminal. A
// process has one; its zero value asks at the terminal.
type Unlocker struct {
	file       string // its first line is the passphrase; empty: none
	descriptor int    // an open file whose first line is the passphrase; 0: none
	given      bool   // this process inherited it

	mu     sync.Mutex
	read   *answer             // the content of the file or descriptor
	memory map[string]unlocked // by folder, if the kernel keeps nothing
}

// NewUnlocker takes the number of a descriptor, or the path of a file, as flags and variables give them. If both are
// empty, the terminal is asked. It refuses standard streams, which have other uses. Programs that this process starts
// don't inherit the descriptor.
func NewUnlocker(descriptor, file string) (*Unlocker, error) {
	file, err := text.Line("the passphrase's file", file, text.Path)
	switch {
	case err != nil:
		return nil, err
	case descriptor != "" && file != "":
		return nil, fault.New(fault.Usage, "leave one of --passphrase-fd and --passphrase-file out, or unset one of "+
			"CGP_CRED_PASSPHRASE_FD and CGP_CRED_PASSPHRASE_FILE",
			"the passphrase can't come from a descriptor and from a file")
	case descriptor == "":
		return &Unlocker{file: file}, nil
	}
	n, err := strconv.ParseUint(strings.TrimRight(descriptor, "\r\n"), 10, 16)
	if err != nil || n < 3 {
		// It may be the passphrase by mistake, so the error does not repeat it.
		return nil, fault.New(fault.Usage,
			"name a file: --passphrase-file FILE, or give the number of a descriptor, not the passphrase: "+
				"--passphrase-fd 3 3<FILE, or CGP_CRED_PASSPHRASE_FD=3 with 3<FILE",
			"the passphrase's descriptor is not a number of 3 or more")
	}
	u := &Unlocker{descriptor: int(n)}
	u.given = terminal.Claim(u.descriptor)
	return u, nil
}

type unlocked struct {
	file  [sha256.Size]byte // of the identity file's content
	text  keystore.Secret
	until time.Time
}

type answer struct {
	phrase keystore.Secret
	err    error
}

const (
	minPhrase  = 8 // bytes of a new passphrase
	maxPhrase  = 1024
	mostWork   = 20 // in a file that is read: 1 GiB
	question   = "Passphrase of the encrypted files: "
	newQuery   = "New passphrase for the encrypted files: "
	againQuery = "Repeat the passphrase: "
)

// ask gets the passphrase, and reports whether asking again could get another one.
func (u *Unlocker) ask(ctx context.Context) (phrase keystore.Secret, again bool, err error) {
	if u.elsewhere() {
		phrase, err = u.readOnce(ctx)
		return phrase, false, err
	}
	phrase, err = atTerminal(ctx, question)
	return phrase, true, err
}

// askNew gets a new passphrase.
func (u *Unlocker) askNew(ctx context.Context) (keystore.Secret, error) {
	if u.elsewhere() {
		phrase, err := u.readOnce(ctx)
		if err != nil {
			return phrase, err
		}
		return phrase, checkNew(phrase)
	}
	phrase, err := atTerminal(ctx, newQuery)
	if err != nil {
		return phrase, err
	}
	if err := checkNew(phrase); err != nil {
		return phrase, err
	}
	second, err := atTerminal(ctx, againQuery)
	if err == nil && !second.Equal(phrase) {
		err = &keystore.Error{Kind: errNoPhrase, Detail: "the two passphrases differ", Next: "run the command again"}
	}
	return phrase, err
}

func checkNew(phrase keystore.Secret) error {
	if n := len(phrase.Reveal()); n < minPhrase {
		return &keystore.Error{
			Kind: errNoPhrase, Detail: fmt.Sprintf("it has %d characters, and a new one needs %d", n, minPhrase),
			Next: "choose a longer one: five or six random words are easy to remember",
		}
	}
	return nil
}

// elsewhere reports whether the passphrase does not come from the terminal.
func (u *Unlocker) elsewhere() bool { return u.descriptor != 0 || u.file != "" }

// readOnce reads the file or the descriptor once.
func (u *Unlocker) readOnce(ctx context.Context) (keystore.Secret, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read == nil {
		read := u.readDescriptor
		if u.file != "" {
			read = u.readFile
		}
		phrase, err := read(ctx)
		if errors.Is(err, context.Canceled) {
			return phrase, err
		}
		u.read = &answer{phrase, err}
	}
	return u.read.phrase, u.read.err
}

// parsePhrase returns the passphrase, the first line of what a file, a descriptor or a terminal gave. It removes only a
// byte order mark and the line end: everything else may be meant.
func parsePhrase(raw []byte) (keystore.Secret, error) {
	line, _, _ := bytes.Cut(text.Phrase(raw), []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) == 0:
		return keystore.Secret{}, &keystore.Error{
			Kind: errNoPhrase, Detail: "it is empty",
			Next: "run the command again",
		}
	case len(line) > maxPhrase:
		return keystore.Secret{}, &keystore.Error{
			Kind:   errNoPhrase,
			Detail: fmt.Sprintf("it is over %d bytes", maxPhrase), Next: "check that it is the right file",
		}
	}
	return keystore.NewSecret(line), nil
}

// PassphraseWork is the binary logarithm of scrypt's N for a new passphrase: about a second and 256 MiB for each try.
// Tests that don't try to guess one lower it.
var PassphraseWork = 18

// wrap protects an identity with a passphrase.
func (u *Unlocker) wrap(text []byte, phrase keystore.Secret) ([]byte, error) {
	r, err := age.NewScryptRecipient(string(phrase.Reveal()))
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(PassphraseWork)
	return encrypt(text, r)
}

// unwrap opens an identity. Its checksum was right, so if it does not open, the passphrase is wrong.
func (u *Unlocker) unwrap(body []byte, phrase keystore.Secret) ([]byte, error) {
	i, err := age.NewScryptIdentity(string(phrase.Reveal()))
	if err != nil {
		return nil, err
	}
	i.SetMaxWorkFactor(mostWork)
	text, err := decrypt(body, i)
	var other *age.NoIdentityMatchError
	switch {
	case errors.As(err, &other):
		return nil, &keystore.Error{
			Kind: errWrong,
			Next: "run the command again; a forgotten passphrase can't be recovered: for each profile with such a " +
				"keystore run cgp-cred logout PROFILE, then store it again",
		}
	case err != nil:
		return nil, damaged("the identity that the passphrase protects: " + err.Error())
	}
	return text, nil
}

// held returns an identity that this process unlocked.
func (u *Unlocker) held(folder string, wrapped []byte) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	h, ok := u.memory[folder]
	if !ok || h.file != sha256.Sum256(wrapped) || !time.Now().Before(h.until) {
		return nil, false
	}
	return h.text.Reveal(), true
}

func (u *Unlocker) hold(folder string, wrapped, text []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.memory == nil {
		u.memory = make(map[string]unlocked)
	}
	u.memory[folder] = unlocked{sha256.Sum256(wrapped), keystore.NewSecret(text), time.Now().Add(keptFor)}
}

func (u *Unlocker) drop(folder string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.memory, folder)
}
