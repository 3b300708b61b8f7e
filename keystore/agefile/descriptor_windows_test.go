package agefile_test

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/agefile"
)

// others is in the error of a file that other users can read.
const others = "Everyone"

// letRead lets other users read a file.
func letRead(path string) error {
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;OW)(A;;FR;;;WD)")
	if err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if err != nil {
		return err
	}
	const parts = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, parts, nil, nil, list, nil)
}

// given is a file with the text: Windows hands no descriptors over by number.
func (f files) given(text string) *agefile.Unlocker {
	f.Helper()
	path := filepath.Join(f.TempDir(), "passphrase")
	f.must(os.WriteFile(path, []byte(text), 0o600))
	return f.fromFile(path)
}

// unanswered is a file that does not exist.
func (f files) unanswered() *agefile.Unlocker {
	f.Helper()
	return f.fromFile(filepath.Join(f.TempDir(), "none"))
}

func (f files) fromFile(path string) *agefile.Unlocker {
	f.Helper()
	u, err := agefile.NewUnlocker("", path)
	f.must(err)
	return u
}
