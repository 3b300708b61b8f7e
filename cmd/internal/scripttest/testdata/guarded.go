package main

import "cgp-cred/keystore/keystoretest/guard"

func init() { guard.Stop() }
