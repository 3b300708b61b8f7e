package serve

import "golang.org/x/sys/windows"

// errInUse is the system's error for a port that another program has.
const errInUse = windows.WSAEADDRINUSE
