//go:build !linux

package agefile_test

import (
	"os"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestMain(m *testing.M) { os.Exit(keystoretest.Main(m)) }
