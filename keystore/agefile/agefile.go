// Package agefile keeps each record in a separate file that age encrypts (age-encryption.org/v1), for machines without
// a keychain. All files are encrypted for one identity: one that a passphrase protects, or one in the user's identity
// file.
//
// NAME.age is a plain age file; with the user's identity file it is NAME~identity.age. The identity that a passphrase
// protects is the file "identity": a line of cgp-cred's, then an age file. So the age program can open both:
//
//	tail -n +2 identity | age -d >key.txt && age -d -i key.txt NAME.age
package agefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// maxFile limits each file, in bytes: a record of 2400 bytes makes one of about 2700.
const maxFile = 64 << 10

// lockSlack is added to the time that a person may take for the passphrase, to wait for another process that writes or
// asks: scrypt takes a second for each try, and more on a small machine.
const lockSlack = 30 * time.Second

// Options say which folder has the files and what opens them. All but Identity are needed.
type Options struct {
	Folder   string    // of the files, $XDG_DATA_HOME/cgp-cred
	State    string    // of the sealing key; empty: an identity is not kept in the kernel's keyring
	Identity string    // an age identity file, unencrypted; empty: a passphrase protects the identity
	Unlocker *Unlocker // asks for the passphrase
}

// New returns the keystore of encrypted files. It does nothing before the first call.
func New(o Options) keystore.Keystore { return &store{o} }

type store struct{ o Options }

// key is an identity, and the recipient to encrypt for so that it can decrypt.
type key struct {
	identities []age.Identity
	recipient  age.Recipient
}

// Limit returns how long a person at the terminal may take for the passphrase, wrong ones included.
func (s *store) Limit() (time.Duration, error) {
	limit, err := keystore.Patience()
	return tries * limit, err
}

func (s *store) Get(ctx context.Context, account string) (keystore.Secret, error) {
	const op = "get"
	if err := keystore.CheckAccount(account); err != nil {
		return keystore.Secret{}, err
	}
	raw, err := disk.ReadPrivate(s.file(account), maxFile)
	if err != nil {
		return keystore.Secret{}, s.explain(op, account, err)
	}
	k, err := s.key(ctx, false)
	if err != nil {
		return keystore.Secret{}, s.explain(op, account, err)
	}
	value, err := open(raw, account, k)
	if err != nil {
		return keystore.Secret{}, s.explain(op, account, err)
	}
	return value, nil
}

// Set does not overwrite a file that it can't read: one with another passphrase, of a newer version, or damaged.
func (s *store) Set(ctx context.Context, account string, value keystore.Secret) error {
	const op = "set"
	if err := keystore.CheckAccount(account); err != nil {
		return err
	}
	if err := keystore.CheckValue(account, value); err != nil {
		return err
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return s.explain(op, account, err)
	}
	defer release()
	k, err := s.key(ctx, true)
	if err != nil {
		return s.explain(op, account, err)
	}
	return s.explain(op, account, s.write(account, value, k))
}

func (s *store) write(account string, value keystore.Secret, k key) error {
	old, err := disk.ReadPrivate(s.file(account), maxFile)
	if err == nil {
		_, err = open(old, account, k)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw, err := seal(value, account, k)
	if err != nil {
		return err
	}
	if err := disk.WriteFile(s.file(account), raw); err != nil {
		return err
	}
	if raw, err = disk.ReadPrivate(s.file(account), maxFile); err != nil {
		return err
	}
	got, err := open(raw, account, k)
	if err == nil && !got.Equal(value) {
		err = damaged("it holds another value than was stored")
	}
	return err
}

// Delete needs no passphrase. It removes the identity with the last record, so that a user who has forgotten the
// passphrase can start again.
func (s *store) Delete(ctx context.Context, account string) error {
	const op = "delete"
	if err := keystore.CheckAccount(account); err != nil {
		return err
	}
	if all, err := Accounts(s.o.Folder); err == nil && !slices.Contains(all, account) {
		return s.explain(op, account, fs.ErrNotExist) // a look makes no folder
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return s.explain(op, account, err)
	}
	defer release()
	if err := disk.CheckFolder(s.o.Folder); err != nil {
		return s.explain(op, account, err)
	}
	if err := remove(s.file(account)); err != nil {
		return s.explain(op, account, err)
	}
	if last, err := s.last(); err != nil || !last {
		return s.explain(op, account, err)
	}
	if err := remove(s.identityFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.explain(op, account, err)
	}
	_, err = Forget(s.o)
	return s.explain(op, account, err)
}

// remove removes a file, and the temporary files that a killed process has left of it.
func remove(file string) error {
	if left, err := disk.RemoveTemps(file); err != nil || !left {
		return errors.Join(err, os.Remove(file))
	}
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Suffixes of the files' names. No account's name has a tilde.
const (
	suffix         = ".age"
	identitySuffix = "~identity" + suffix // for the user's identity file: a record can move from one file to the other
)

func (s *store) file(account string) string {
	end := suffix
	if s.o.Identity != "" {
		end = identitySuffix
	}
	return filepath.Join(s.o.Folder, strings.ReplaceAll(account, "/", "~")+end)
}

// Accounts returns the names of the records in a folder of encrypted files, whatever opens them, including those of
// which a killed process has left only a temporary file.
func Accounts(folder string) ([]string, error) {
	all, err := disk.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range all {
		name := e.Name()
		if file, temp := disk.TempOf(name); temp {
			name = file
		}
		name, ours := strings.CutSuffix(name, suffix)
		if name = strings.TrimSuffix(name, strings.TrimSuffix(identitySuffix, suffix)); ours {
			names = append(names, strings.ReplaceAll(name, "~", "/"))
		}
	}
	return names, err
}

// last reports whether the passphrase protects no record any more.
func (s *store) last() (bool, error) {
	if s.o.Identity != "" {
		return false, nil
	}
	all, err := disk.ReadDir(s.o.Folder)
	for _, e := range all {
		if strings.HasSuffix(e.Name(), suffix) && !strings.HasSuffix(e.Name(), identitySuffix) {
			return false, nil
		}
	}
	return err == nil, err
}

// acquire takes the folder's lock. If the file system has no locks, it continues without one.
func (s *store) acquire(ctx context.Context) (release func(), err error) {
	if err := disk.MakeFolder(s.o.Folder); err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, tries*keystore.PatienceOrUsual()+lockSlack)
	defer stop()
	release, state, err := disk.Lock(ctx, filepath.Join(s.o.Folder, "lock"))
	switch {
	case state == disk.Held:
		return nil, context.Cause(ctx)
	case state == disk.Broken && unsafeError(err) != nil:
		return nil, err
	}
	return release, nil
}

// A record's plain text is one line that says what it is, then the value.
const (
	recordVersion = 1
	recordHead    = "cgp-cred record "
)

// seal encrypts a value for k's identity and binds it to the account.
func seal(value keystore.Secret, account string, k key) ([]byte, error) {
	plain := append(fmt.Appendf(nil, "%s%d %s\n", recordHead, recordVersion, account), value.Reveal()...)
	defer clear(plain)
	return encrypt(plain, k.recipient)
}

// open decrypts a file that seal made for that account.
func open(raw []byte, account string, k key) (keystore.Secret, error) {
	plain, err := decrypt(raw, k.identities...)
	if err != nil {
		return keystore.Secret{}, damaged(reason(err))
	}
	defer clear(plain)
	return parseRecord(plain, account)
}

// parseRecord returns the value in a record's plain text.
func parseRecord(plain []byte, account string) (keystore.Secret, error) {
	head, value, _ := bytes.Cut(plain, []byte("\n"))
	rest, ok := strings.CutPrefix(string(head), recordHead)
	version, name, spaced := strings.Cut(rest, " ")
	n := parseVersion(version)
	switch {
	case !ok || !spaced || n < recordVersion:
		return keystore.Secret{}, damaged("it is not a record")
	case n > recordVersion:
		return keystore.Secret{}, &keystore.Error{Kind: keystore.ErrNewer}
	case name != account:
		return keystore.Secret{}, damaged(fmt.Sprintf("it is the record of %q under another name", name))
	}
	s := keystore.NewSecret(value)
	if err := keystore.CheckValue(account, s); err != nil {
		return keystore.Secret{}, damaged(err.Error())
	}
	return s, nil
}

// encrypt makes an age file.
func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// decrypt opens an age file as a whole: a part that was cut or changed is an error.
func decrypt(raw []byte, with ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(raw), with...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
