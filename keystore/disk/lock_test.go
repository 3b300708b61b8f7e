//go:build linux

package disk_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/keystore/disk"
)

func TestTryLock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/run/cgp-cred/int.lock"
	release, state, err := disk.TryLock(path)
	if state != disk.Acquired || err != nil {
		t.Fatalf("first: %d, %v", state, err)
	}
	again, state, err := disk.TryLock(path)
	if state != disk.Held || err != nil {
		t.Errorf("second: %d, %v", state, err)
	}
	again() // must not release what it doesn't hold
	if _, state, _ := disk.TryLock(path); state != disk.Held {
		t.Errorf("third: %d", state)
	}
	release()
	release()
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("after the release: %v, %v", info, err)
	}
	release, state, err = disk.TryLock(path)
	if state != disk.Acquired || err != nil {
		t.Errorf("after the release: %d, %v", state, err)
	}
	release()
}

func TestLockWaits(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/cgp-cred/lock"
	for _, held := range []time.Duration{0, time.Millisecond, 2200 * time.Millisecond, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			release, _, err := disk.TryLock(path)
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, state, err := disk.Lock(ctx, path); state != disk.Held || err != nil {
				t.Errorf("until ctx ends: %d, %v", state, err)
			}
			start := time.Now()
			time.AfterFunc(held, release)
			release, state, err := disk.Lock(t.Context(), path)
			if state != disk.Acquired || err != nil {
				t.Errorf("after the release: %d, %v", state, err)
			}
			if late := time.Since(start) - held; late < 0 || late > 50*time.Millisecond {
				t.Errorf("held for %v: taken %v later", held, late)
			}
			release()
			ended, end := context.WithCancel(t.Context())
			end()
			release, state, _ = disk.Lock(ended, path)
			if state != disk.Acquired {
				t.Errorf("a free lock with an ended ctx: %d", state)
			}
			release()
		})
	}
}

func TestLockOfAKilledProcess(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/cgp-cred/lock"
	child := command(t, -1, "hold", path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("child: %q, %v", line, err)
	}
	if _, state, _ := disk.TryLock(path); state != disk.Held {
		t.Errorf("while the child lives: %d", state)
	}
	must(t, child.Process.Kill())
	_ = child.Wait() // killed
	release, state, err := disk.Lock(t.Context(), path)
	if state != disk.Acquired {
		t.Errorf("after kill -9: %d, %v", state, err)
	}
	release()
}

func TestLockBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/target", nil, 0o600))
	must(t, os.Symlink(dir+"/target", dir+"/link"))
	must(t, os.Mkdir(dir+"/open", 0o700))
	must(t, os.Chmod(dir+"/open", 0o777))
	for _, path := range []string{dir + "/link", dir + "/target/lock", dir + "/open/lock", dir, "relative/lock"} {
		release, state, err := disk.TryLock(path)
		release()
		if state != disk.Broken || err == nil {
			t.Errorf("%s: %d, %v; want Broken", path, state, err)
		}
	}
	t.Run("read-only folder", func(t *testing.T) {
		needRoot(t)
		out := run(t, victim, "refused-lock", "nothing", shared(t)+"/cgp-cred/lock")
		if !strings.HasPrefix(out, "state 3 ") || !strings.Contains(out, fs.ErrPermission.Error()) {
			t.Errorf("got %q", out)
		}
	})
}

func TestLockExcludes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/n", []byte("0"), 0o600))
	var (
		wg   sync.WaitGroup
		outs [8]string
	)
	for i := range outs {
		wg.Go(func() { outs[i] = run(t, -1, "count", dir+"/lock", dir+"/n") })
	}
	wg.Wait()
	got, err := os.ReadFile(dir + "/n")
	if string(got) != "40" || err != nil {
		t.Errorf("8 processes counted 5 times each: %s, %v; they said %q", got, err, outs)
	}
}

// A cleanup of the folder takes the name from a lock that is held; the next lock must not share it.
func TestLockAfterCleaning(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/cgp-cred/lock"
	first, _, err := disk.TryLock(path)
	must(t, err)
	must(t, os.Remove(path))
	second, state, err := disk.TryLock(path)
	if state != disk.Acquired {
		t.Fatalf("%d, %v", state, err)
	}
	first()
	if _, state, _ := disk.TryLock(path); state != disk.Held {
		t.Errorf("the first one's release freed the second's lock: %d", state)
	}
	second()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Error("a release removed the file")
	}
}

// The whole folder is removed while one process holds the lock and another waits for it: the next ones share a new
// lock.
func TestLockAfterTheFolder(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/run/cgp-cred/lock"
	first, _, err := disk.TryLock(path)
	must(t, err)
	type taken struct {
		release func()
		state   disk.LockState
	}
	second := make(chan taken, 1)
	go func() {
		release, state, _ := disk.Lock(t.Context(), path)
		second <- taken{release, state}
	}()
	time.Sleep(50 * time.Millisecond)
	must(t, os.RemoveAll(path[:len(path)-len("/cgp-cred/lock")]))
	got := <-second
	if got.state != disk.Acquired {
		t.Fatalf("state %d", got.state)
	}
	first()
	if _, state, _ := disk.TryLock(path); state != disk.Held {
		t.Errorf("a third one: state %d", state)
	}
	got.release()
}
