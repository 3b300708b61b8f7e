package install

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Keys below HKEY_CURRENT_USER, or below user.registry in it.
const (
	environment = "Environment"
	apps        = `Software\Microsoft\Windows\CurrentVersion\Uninstall\cgp-cred`
)

func (u user) key(name string) string {
	if u.registry == "" {
		return name
	}
	return u.registry + `\` + name
}

// changePath changes the user's PATH, and reports whether it was different. The value keeps its type and its %NAME%s.
func (u user) changePath(change func(value, folder string, expand func(string) string) string) (bool, error) {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, u.key(environment), registry.QUERY_VALUE|registry.SET_VALUE)
	if err != nil {
		return false, fmt.Errorf("the user's PATH can't be read: %w", err)
	}
	defer k.Close() //nolint:errcheck // what was set is there
	value, kind, err := k.GetStringValue("Path")
	switch {
	case errors.Is(err, registry.ErrNotExist):
		kind = registry.EXPAND_SZ
	case err != nil:
		return false, fmt.Errorf("the user's PATH can't be read: %w", err)
	}
	changed := change(value, u.programs, expand)
	if changed == value {
		return false, nil
	}
	switch {
	case changed == "":
		err = k.DeleteValue("Path")
	case kind == registry.SZ:
		err = k.SetStringValue("Path", changed)
	default:
		err = k.SetExpandStringValue("Path", changed)
	}
	if err != nil {
		return false, fmt.Errorf("the user's PATH can't be changed: %w", err)
	}
	announce()
	return true, nil
}

// expand replaces each %NAME% by the variable's value.
func expand(s string) string {
	if got, err := registry.ExpandString(s); err == nil {
		return got
	}
	return s
}

var sendMessageTimeout = windows.NewLazySystemDLL("user32.dll").NewProc("SendMessageTimeoutW")

// announce tells running programs that the environment has changed, so that new terminals have it. A program that does
// not answer does not matter.
func announce() {
	const (
		broadcast     = 0xffff // HWND_BROADCAST
		settingChange = 0x1a   // WM_SETTINGCHANGE
		abortIfHung   = 0x2    // SMTO_ABORTIFHUNG
		milliseconds  = 1000
	)
	name, err := syscall.UTF16PtrFromString(environment)
	if err != nil || sendMessageTimeout.Find() != nil { // a server without windows
		return
	}
	_, _, _ = sendMessageTimeout.Call(broadcast, settingChange, 0,
		uintptr(unsafe.Pointer(name)), //nolint:gosec // the call takes a pointer as number
		abortIfHung, milliseconds, 0)
}

// list adds the program to the user's apps, where Windows offers to remove it.
func (u user) list(version string) error {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, u.key(apps), registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("the list of apps can't be changed: %w", err)
	}
	defer k.Close() //nolint:errcheck // what was set is there
	program := filepath.Join(u.programs, Names[0]+".exe")
	for _, v := range [][2]string{
		{"DisplayName", "cgp-cred"},
		{"DisplayVersion", version},
		{"Publisher", "cgp-cred"},
		{"InstallLocation", u.programs},
		{"UninstallString", `"` + program + `" setup --uninstall`},
		{"QuietUninstallString", `"` + program + `" setup --uninstall`},
	} {
		err = errors.Join(err, k.SetStringValue(v[0], v[1]))
	}
	for _, name := range []string{"NoModify", "NoRepair"} {
		err = errors.Join(err, k.SetDWordValue(name, 1))
	}
	if err != nil {
		return fmt.Errorf("the list of apps can't be changed: %w", err)
	}
	return nil
}

// unlist removes the program from the user's apps.
func (u user) unlist() error {
	err := registry.DeleteKey(registry.CURRENT_USER, u.key(apps))
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("the list of apps can't be changed: %w", err)
	}
	return nil
}
