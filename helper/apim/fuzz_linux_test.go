package apim

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/fault"
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
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 60_000 { // the kernel's lines have 150 bytes
			return
		}
		named := check(t, head+line+"\n")
		if named && !strings.Contains(line, tcpListen) {
			t.Fatalf("%q: nobody listens", line)
		}
		if !check(t, head+line+"\n"+foreign) {
			t.Fatalf("%q hides the listener behind it", line)
		}
	})
}

// check reports whether a table names a foreign listener on port 8080.
func check(t *testing.T, table string) bool {
	t.Helper()
	err := checkListeners(strings.NewReader(table), "127.0.0.1:8080", 8080)
	own := fmt.Sprintf("(uid %d)", os.Getuid())
	if err != nil && (strings.Contains(err.Error(), own) || strings.Contains(err.Error(), "(uid 0)") || fault.ClassOf(err) != fault.Network) {
		t.Fatalf("%q: %v", table, err)
	}
	return err != nil
}

// FuzzDiagAnswer: a listener that is named is one whose whole description came; that there is none is believed only where
// the kernel says so.
func FuzzDiagAnswer(f *testing.F) {
	socket := make([]byte, diagAnswerSize)
	binary.NativeEndian.PutUint16(socket[4:], unix.SOCK_DIAG_BY_FAMILY)
	socket[diagState] = diagListen
	binary.NativeEndian.PutUint32(socket[diagUID:], 54321)
	f.Add(socket)
	f.Add(socket[:len(socket)-1])
	none := make([]byte, unix.SizeofNlMsghdr+unix.SizeofNlMsgerr)
	binary.NativeEndian.PutUint16(none[4:], unix.NLMSG_ERROR)
	none[unix.SizeofNlMsghdr] = 0xfe // -ENOENT
	copy(none[unix.SizeofNlMsghdr+1:], "\xff\xff\xff")
	f.Add(none)
	f.Add(none[:unix.SizeofNlMsghdr])
	f.Fuzz(func(t *testing.T, answer []byte) {
		uid, listens, known := readDiag(answer)
		switch {
		case listens && (!known || len(answer) < diagAnswerSize || uid < 0 || int64(uid) > 1<<32-1):
			t.Fatalf("%x names uid %d", answer, uid)
		case known && !listens && binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR:
			t.Fatalf("%x says that nobody listens", answer)
		case !known && (listens || uid != 0):
			t.Fatalf("%x says nothing, and %d", answer, uid)
		}
	})
}
