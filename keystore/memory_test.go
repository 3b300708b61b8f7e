package keystore_test

import (
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	keystoretest.Contract(t, keystore.Memory())
}
