package agefile

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"cgp-cred/keystore"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/text"
)

// identityFile returns the file with the identity that the passphrase protects. No record's file has such a name.
func (s *store) identityFile() string { return filepath.Join(s.o.Folder, "identity") }

// key returns the identity of all files: the user's, or the one that a passphrase protects. With create it makes a
// missing one; the caller must hold the lock then.
func (s *store) key(ctx context.Context, create bool) (key, error) {
	if fips140.Enforced() {
		return key{}, forbidden()
	}
	if s.o.Identity != "" {
		return readIdentity(s.o.Identity)
	}
	wrapped, err := disk.ReadPrivate(s.identityFile(), maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return s.newIdentity(ctx)
	case errors.Is(err, fs.ErrNotExist):
		return key{}, &keystore.Error{
			Kind: errNotUnlocked, Detail: s.identityFile(),
			Next: "restore it from a backup; without it no record can be opened",
		}
	case err != nil:
		return key{}, err
	}
	if k, ok := s.kept(wrapped); ok {
		return k, nil
	}
	if !create { // with create, the caller holds the lock already
		release, err := s.acquire(ctx)
		if err != nil {
			return key{}, err
		}
		defer release()
		if k, ok := s.kept(wrapped); ok { // another process has asked in the meantime
			return k, nil
		}
	}
	return s.unlock(ctx, wrapped)
}

// tries is how many wrong passphrases a user may give at a terminal.
const tries = 3

// unlock asks for the passphrase of an existing identity and keeps the identity.
func (s *store) unlock(ctx context.Context, wrapped []byte) (key, error) {
	body, err := parseIdentityFile(wrapped)
	if err != nil {
		return key{}, err
	}
	for try := 1; ; try++ {
		phrase, again, err := s.o.Unlocker.ask(ctx)
		if err != nil {
			return key{}, err
		}
		text, err := s.o.Unlocker.unwrap(body, phrase)
		if errors.Is(err, keystore.ErrDenied) && again && try < tries {
			s.o.Unlocker.say("wrong passphrase, try again")
			continue
		}
		if err != nil {
			return key{}, err
		}
		k, err := parseIdentity(text)
		if err == nil {
			s.keep(wrapped, text)
		}
		return k, err
	}
}

// newIdentity makes an identity and asks for the passphrase that will protect it.
func (s *store) newIdentity(ctx context.Context) (key, error) {
	phrase, err := s.o.Unlocker.askNew(ctx)
	if err != nil {
		return key{}, err
	}
	fresh, err := age.GenerateX25519Identity()
	if err != nil {
		return key{}, err
	}
	body, err := s.o.Unlocker.wrap([]byte(fresh.String()+"\n"), phrase)
	if err != nil {
		return key{}, err
	}
	made := formatIdentityFile(body)
	wrapped, err := disk.CreateOnce(s.identityFile(), made)
	if err != nil {
		return key{}, err
	}
	if !bytes.Equal(wrapped, made) { // another process has made one without a lock
		body, err := parseIdentityFile(wrapped)
		if err != nil {
			return key{}, err
		}
		text, err := s.o.Unlocker.unwrap(body, phrase)
		if err != nil {
			return key{}, err
		}
		return parseIdentity(text)
	}
	s.keep(wrapped, []byte(fresh.String()))
	return key{identities: []age.Identity{fresh}, recipient: fresh.Recipient()}, nil
}

// The first line of an identity file is identityHead, its version and the hexadecimal SHA-256 of the version, a line
// end and the rest. So cgp-cred can distinguish damage from a wrong passphrase before it asks for one.
const (
	identityVersion = 1
	identityHead    = "cgp-cred identity "
)

func formatIdentityFile(body []byte) []byte {
	return append(fmt.Appendf(nil, "%s%d %s\n", identityHead, identityVersion, identitySum(identityVersion, body)),
		body...)
}

// parseIdentityFile returns the age file in an identity file.
func parseIdentityFile(raw []byte) ([]byte, error) {
	head, body, _ := bytes.Cut(raw, []byte("\n"))
	rest, ok := strings.CutPrefix(string(head), identityHead)
	version, sum, _ := strings.Cut(rest, " ")
	n := parseVersion(version)
	if !ok || n == 0 || sum != identitySum(n, body) {
		return nil, damaged("the identity that the passphrase protects was cut or changed")
	}
	if n > identityVersion {
		return nil, &keystore.Error{Kind: keystore.ErrNewer}
	}
	return body, nil
}

func identitySum(version int, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n", version)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// readIdentity reads the user's identity file, such as age-keygen writes. The path may be a link; the file must be
// private.
func readIdentity(path string) (key, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		e := identityError(path, "it does not exist")
		if elsewhere := batch.Missing(err); elsewhere != "" {
			e.Next = elsewhere
		}
		return key{}, e
	}
	raw, err := disk.ReadPrivate(target, maxFile)
	if unsafeError(err) != nil {
		return key{}, err
	}
	if err != nil {
		return key{}, identityError(path, err.Error())
	}
	defer clear(raw)
	plain, err := identityText(raw)
	if err != nil {
		return key{}, identityError(path, err.Error())
	}
	k, err := parseIdentity(plain)
	if err != nil {
		return key{}, identityError(path, "it is not an unencrypted age identity")
	}
	return k, nil
}

// identityText returns the lines of an identity file as age reads them: its parser knows no UTF-16 and no quotes.
func identityText(raw []byte) ([]byte, error) {
	all, err := text.Lines("it can't be read as text", raw)
	if err != nil {
		return nil, err
	}
	var out []byte
	n := 0
	for line := range strings.SplitSeq(all, "\n") {
		n++
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			if line, err = text.Line(fmt.Sprintf("line %d", n), line, text.Identity); err != nil {
				return nil, err
			}
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}

func identityError(path, why string) *keystore.Error {
	return &keystore.Error{
		Kind: errIdentity, Detail: path + ": " + why,
		Next: "make one: " + printable.Shell("age-keygen", "-o", path) + "\nor leave --identity out for a passphrase",
	}
}

// parseIdentity reads age identities, a line each. The first is the one to encrypt for. Its error quotes nothing.
func parseIdentity(text []byte) (key, error) {
	all, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return key{}, damaged("it holds no age identity")
	}
	k := key{identities: all}
	switch first := all[0].(type) {
	case *age.X25519Identity:
		k.recipient = first.Recipient()
	case *age.HybridIdentity:
		k.recipient = first.Recipient()
	default:
		return key{}, damaged("it holds an identity of an unknown type")
	}
	return k, nil
}
