package keystoretest

import (
	"fmt"
	"os"
	"time"

	"cgp-cred/keystore/keystoretest/guard"
)

// supervisedVariable is set for a test process that another process watches.
const supervisedVariable = "KEYSTORETEST_SUPERVISED"

// Main runs a package's tests in an environment that has nothing from the user. It fails them if they leave a process
// running or change the user's files. However the tests end, it ends their processes and removes their files. It is for
// TestMain. On Linux the tests run in a child of this process.
func Main(m interface{ Run() int }) (status int) {
	if os.Getenv(supervisedVariable) != "" {
		if err := os.Unsetenv(supervisedVariable); err != nil {
			return problem(err)
		}
		return m.Run()
	}
	nested := os.Getenv(guard.RootVariable) != "" // a test's child is as private, and is watched with the test
	before := usersPlaces()
	root, err := private()
	if err != nil {
		return problem(fmt.Errorf("making a private environment: %w", err))
	}
	defer func() {
		if err := removeRoot(root); err != nil {
			status = problem(err)
		}
	}()
	if nested {
		return m.Run()
	}
	folders, begun := lockFolders(), time.Now()
	status = supervise(m)
	sweepLocks(folders, begun)
	if text := guard.Stopped(root); text != "" {
		fmt.Fprintf(os.Stderr, "these would have reached what is the user's, and were stopped:\n%s", text)
		status = max(status, 1)
	}
	if changes := before.changes(); len(changes) > 0 {
		for _, c := range changes {
			fmt.Fprintln(os.Stderr,
				"this is the user's, and was changed by the tests or by a program that ran meanwhile:", c)
		}
		status = max(status, 1)
	}
	return status
}

func problem(err error) int {
	fmt.Fprintln(os.Stderr, "keystoretest:", err)
	return 1
}
