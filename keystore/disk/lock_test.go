package disk_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/keystoretest"
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
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
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

func init() {
	children["hold"] = func(args []string) error { // PATH; until it is killed
		_, state, err := disk.TryLock(args[0])
		if state != disk.Acquired {
			return fmt.Errorf("state %d %w", state, err)
		}
		fmt.Println("held")
		time.Sleep(time.Minute)
		return nil
	}
	children["count"] = func(args []string) error { // LOCK FILE
		for range 5 {
			if err := count(args[0], args[1]); err != nil {
				return err
			}
		}
		return nil
	}
}

// count adds one to the number in a file. Without a lock two processes would lose counts.
func count(lock, file string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	release, state, err := disk.Lock(ctx, lock)
	if state != disk.Acquired {
		return fmt.Errorf("state %d %w", state, err)
	}
	defer release()
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(strconv.Itoa(n+1)), 0o600)
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

// A lock whose file is removed each time that it is released has one holder at a time all the same.
func TestRemoveLock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/cgp-cred/lock"
	var wg sync.WaitGroup
	var holders, times atomic.Int32
	for range 8 {
		wg.Go(func() {
			for range 20 {
				release, state, err := disk.Lock(t.Context(), path)
				if state != disk.Acquired {
					t.Errorf("%d, %v", state, err)
					return
				}
				if holders.Add(1) != 1 {
					t.Error("two have the lock")
				}
				times.Add(1)
				time.Sleep(time.Millisecond) // another one would come now
				holders.Add(-1)
				disk.RemoveLock(path, release)
			}
		})
	}
	wg.Wait()
	if n := times.Load(); n != 160 {
		t.Errorf("it was held %d times", n)
	}
	release, state, err := disk.TryLock(path)
	if state != disk.Acquired {
		t.Fatalf("%d, %v", state, err)
	}
	disk.RemoveLock(path, release)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

// A cleanup of the folder takes the name from a lock that is held; the next lock must not share it.
func TestLockAfterCleaning(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix) // Windows does not remove a file that is open
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
	keystoretest.Require(t, keystoretest.Unix) // Windows does not remove a file that is open
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
