package fleet_test

import "os"

// fifo makes a folder: Windows has no named pipes among files.
func fifo(file string) error { return os.Mkdir(file, 0o700) }
