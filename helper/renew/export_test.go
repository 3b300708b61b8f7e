package renew

// OnMac makes Folder work as on macOS with this getconf, until the returned function is called.
func OnMac(program string) func() {
	oldSystem, oldProgram := system, getconf
	system, getconf = "darwin", program
	return func() { system, getconf = oldSystem, oldProgram }
}
