package main

import (
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/keystoretest/guard"
)

func init() {
	guard.Stop()
	agefile.PassphraseWork = 8
}
