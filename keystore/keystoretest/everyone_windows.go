package keystoretest

import (
	"testing"

	"golang.org/x/sys/windows"
)

// LetAllWrite lets every user write a folder.
func LetAllWrite(t testing.TB, folder string) {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	const parts = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, parts, nil, nil, list, nil); err != nil {
		t.Fatal(err)
	}
}
