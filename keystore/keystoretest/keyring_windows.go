package keystoretest

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/danieljoos/wincred"

	"cgp-cred/keystore/keystoretest/guard"
)

// Keyring is the part of a throwaway Credential Manager that has the items of one service. They end with it.
type Keyring struct {
	Address string // empty: Windows has no session bus
	Folder  string // empty
	Env     []string

	service string
}

// StartKeyring gives the test a service of its own in the Credential Manager, if that is a throwaway one.
func StartKeyring(t testing.TB) *Keyring {
	t.Helper()
	Require(t, Credentials)
	k := &Keyring{service: "cgp-cred-" + rand.Text()}
	k.Env = []string{guard.ServiceVariable + "=" + k.service}
	return k
}

// Items counts the items of an account: none or one. It does not list them: wine's list breaks while items are written.
func (k *Keyring) Items(t testing.TB, _, account string) int {
	t.Helper()
	switch _, err := wincred.GetGenericCredential(k.service + ":" + account); {
	case err == nil:
		return 1
	case !errors.Is(err, wincred.ErrElementNotFound):
		t.Fatal(err)
	}
	return 0
}

// Look returns the secret of an account's item.
func (k *Keyring) Look(t testing.TB, account string) string {
	t.Helper()
	item, err := wincred.GetGenericCredential(k.service + ":" + account)
	if err != nil {
		t.Fatalf("the item of %s: %v", account, err)
	}
	return string(item.CredentialBlob)
}

// Put makes an account's item.
func (k *Keyring) Put(t testing.TB, account, secret string) {
	t.Helper()
	item := wincred.NewGenericCredential(k.service + ":" + account)
	item.UserName, item.CredentialBlob = account, []byte(secret)
	if err := item.Write(); err != nil {
		t.Fatal(err)
	}
}
