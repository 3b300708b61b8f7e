package keychain

// UseSecurity makes this process use the keychain of macOS through a program, which is the fake one, until the returned
// function is called.
func UseSecurity(program string) func() {
	oldSystem, oldPath := system, securityPath
	system, securityPath = macOS, program
	return func() { system, securityPath = oldSystem, oldPath }
}
