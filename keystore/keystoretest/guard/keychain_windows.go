package guard

import (
	"errors"
	"os"

	"github.com/zalando/go-keyring"

	"cgp-cred/keystore"
)

// keychain gives the program the items of the test in the Credential Manager, or no keychain.
func keychain() {
	if name := os.Getenv(ServiceVariable); name != "" {
		keystore.Service = name
		return
	}
	keyring.MockInitWithError(errors.New("this test has no Credential Manager"))
}
