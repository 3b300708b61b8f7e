package apim_test

import (
	"os"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) {
	if os.Getenv(printRootsVariable) != "" {
		os.Exit(printRoots())
	}
	os.Exit(keystoretest.Main(m))
}
