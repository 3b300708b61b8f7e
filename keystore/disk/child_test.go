package disk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// children are what this test program does when a test starts it again, for tests that need a second process.
var children = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if err := children[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(keystoretest.Main(m))
}

// run starts a child and returns what it printed.
func run(t *testing.T, uid int, args ...string) string {
	t.Helper()
	out, err := command(t, uid, args...).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "error:") {
		t.Fatalf("child %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files lists a folder.
func files(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
