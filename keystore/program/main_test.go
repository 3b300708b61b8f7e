package program_test

import (
	"os"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "act" {
		os.Exit(acts[os.Args[2]](os.Args[3:]))
	}
	os.Exit(keystoretest.Main(m))
}
