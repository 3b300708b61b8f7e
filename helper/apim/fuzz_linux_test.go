package apim

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzListenerTable: whatever stands before it in the kernel's table, a port of ours on which another user listens is
// seen; and nobody is named who does not listen.
func FuzzListenerTable(f *testing.F) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	const foreign = "   7: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 54321        0 1\n"
	f.Add("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1")
	f.Add("   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 77 0 1")
	f.Add("   0: 0000000000000000FFFF00000100007F:1F90 0:0 0A 0:0 0:0 0 77 0 1")
	f.Add("x: 01000:1F90 : 0A a b c -1")
	file := filepath.Join(f.TempDir(), "tcp")
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 60_000 { // the kernel's lines have 150 bytes
			return
		}
		named := check(t, file, head+line+"\n")
		if named && !strings.Contains(line, tcpListen) {
			t.Fatalf("%q: nobody listens", line)
		}
		if !check(t, file, head+line+"\n"+foreign) {
			t.Fatalf("%q hides the listener behind it", line)
		}
	})
}

// check reports whether a table names a foreign listener on port 8080.
func check(t *testing.T, file, table string) bool {
	t.Helper()
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	err := checkTable(file, "127.0.0.1:8080", 8080)
	var e *ListenerError
	if err != nil && (!errors.As(err, &e) || e.UID == os.Getuid() || e.UID == 0 || e.Hint() == "") {
		t.Fatalf("%q: %v", table, err)
	}
	return err != nil
}
