package peer_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/peer"
)

// The pipe of Windows' own agent is the system's; other agents run as their user, or as an administrator.
func TestOwners(t *testing.T) {
	t.Parallel()
	own, err := account.Own()
	if err != nil {
		t.Fatal(err)
	}
	const everyone = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x12019b;;;AU)"
	for owner, fine := range map[string]bool{
		own.String(): true, "SY": true, "BA": true, own.String() + "1": false, "S-1-5-21-1-2-3-1001": false,
		"WD": false, "AU": false, "LS": false, "NS": false, "AN": false, "BU": false, "BG": false,
	} {
		sd, err := windows.SecurityDescriptorFromString("O:" + owner + everyone)
		if err != nil {
			t.Fatal(owner, err)
		}
		if err := peer.CheckOwner(sd); fine != (err == nil) || !fine && !strings.Contains(err.Error(), account.Name(own)) {
			t.Errorf("%s: %v", owner, err)
		}
	}
	sd, err := windows.SecurityDescriptorFromString(everyone)
	if err != nil {
		t.Fatal(err)
	}
	if peer.CheckOwner(sd) == nil {
		t.Error("a pipe without an owner passes")
	}
}

// The owner that Windows tells of an open pipe is the one that it was made with.
func TestOwnOfAPipe(t *testing.T) {
	t.Parallel()
	pipe, err := keystoretest.OwnPipe()
	if err != nil {
		t.Fatal(err)
	}
	client, err := os.OpenFile(pipe.Address, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.CheckOwn(client); err != nil {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if peer.CheckOwn(client) == nil {
		t.Error("a closed pipe passes")
	}
}
