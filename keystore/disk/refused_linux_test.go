package disk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/kernel/refuse"
)

// refusals are file systems and moments that a test can't make in another way.
var refusals = map[string]func() error{
	"nothing":         func() error { return nil },
	"rename-once":     func() error { return refuse.Syscalls(syscall.EINVAL, unix.SYS_RENAMEAT2) },
	"rename-and-link": func() error { return refuse.Syscalls(syscall.EPERM, unix.SYS_RENAMEAT2, unix.SYS_LINKAT) },
	"fsync":           func() error { return refuse.Syscalls(syscall.EIO, unix.SYS_FSYNC) },
	"rename":          func() error { return refuse.Syscalls(syscall.ENOSPC, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2) },
	"locks":           func() error { return refuse.Syscalls(syscall.ENOLCK, unix.SYS_FLOCK) },
}

func init() {
	children["refused-write"] = func(args []string) error { // REFUSAL PATH
		if err := refusals[args[0]](); err != nil {
			return err
		}
		return disk.WriteFile(args[1], []byte("new"))
	}
	children["once"] = func(args []string) error { // REFUSAL PATH
		if err := refusals[args[0]](); err != nil {
			return err
		}
		got, err := disk.CreateOnce(args[1], []byte(strconv.Itoa(os.Getpid())))
		fmt.Printf("%s\n", got)
		return err
	}
	children["refused-lock"] = func(args []string) error { // REFUSAL PATH
		if err := refusals[args[0]](); err != nil {
			return err
		}
		release, state, err := disk.TryLock(args[1])
		defer release()
		fmt.Printf("state %d %v\n", state, err)
		return nil
	}
	children["silent-lock"] = func(args []string) error { // PATH PATH
		if err := refuse.Unanswered(unix.SYS_FLOCK); err != nil {
			return err
		}
		for _, path := range args {
			release, state, err := disk.Lock(context.Background(), path)
			release()
			fmt.Printf("state %d silent %t %v\n", state, errors.Is(err, disk.ErrSilent), err)
		}
		return nil
	}
}

func TestWriteFileRefused(t *testing.T) {
	t.Parallel()
	for refusal, want := range map[string]string{"fsync": "input/output error", "rename": "no space left"} {
		tr := newTree(t)
		if out := run(t, -1, "refused-write", refusal, tr.file); !strings.Contains(out, want) {
			t.Errorf("%s: got %q, want %s", refusal, out, want)
		}
		intact(t, tr)
	}
}

func TestCreateOnceRace(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"nothing", "rename-once", "rename-and-link"} {
		t.Run(refusal, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir() + "/state/cgp-cred"
			var (
				wg   sync.WaitGroup
				outs [12]string
			)
			for i := range outs {
				wg.Go(func() { outs[i] = run(t, -1, "once", refusal, dir+"/seal.key") })
			}
			wg.Wait()
			for _, out := range outs {
				if out != outs[0] || strings.Contains(out, "error") || out == "" {
					t.Fatalf("not all got the same: %q", outs)
				}
			}
			if got, err := disk.ReadPrivate(dir+"/seal.key", 100); err != nil || string(got) != outs[0] {
				t.Errorf("the file is %q, %v; all got %q", got, err, outs[0])
			}
			if got := files(t, dir); got != "seal.key" {
				t.Errorf("left behind: %s", got)
			}
		})
	}
}

func TestLockWithoutSupport(t *testing.T) {
	t.Parallel()
	out := run(t, -1, "refused-lock", "locks", t.TempDir()+"/cgp-cred/lock")
	if want := fmt.Sprintf("state %d lock ", disk.Broken); !strings.HasPrefix(out, want) ||
		!strings.Contains(out, "has no locks") {
		t.Errorf("got %q", out)
	}
}

// A file system that never answers a request for a lock costs one limit, not one for each lock in a folder.
func TestLockWithoutAnswer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lines := strings.Split(strings.TrimSpace(run(t, -1, "silent-lock", dir+"/a.lock", dir+"/b.lock")), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "state 3 silent true lock "+dir+"/") || len(lines) != 2 {
			t.Errorf("line %d of %d: %q", i, len(lines), line)
		}
	}
}
