package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
)

// maxFile is how much of a file in the folder is read, in bytes.
const maxFile = 16 << 10

// nothing begins the file of a name that has no value. The rest of the file is random, so that no two such files are
// the same.
const nothing = "cgp-cred: no value "

// folder is a store in a folder of a file system that all machines share. NAME.token holds the value. It exists from
// the beginning and is replaced by a rename, because NFS may hide a new name from a machine that has looked for it in
// vain, for over a minute.
//
// A lease belongs to one content of that file. NAME.HASH.1 is the lease to replace the content with that hash, and is
// made once by a link. NAME.HASH.2 may be made only by a process that has seen NAME.HASH.1 stay the same for a whole
// lease by its own clock. So no process takes a lease away from another, and no clocks are compared. Old leases are
// removed when the content after theirs is replaced.
type folder struct {
	shared *disk.SharedFolder
	owner  string             // of this process's leases
	hash   string             // of the content that Look has found
	seen   map[string]watched // leases of other processes, by file
	held   string             // file of this process's lease; empty: none
	now    func() time.Time   // this process's clock, which is monotonic
	beats  int                // how often the lease was extended
}

// watched is a lease as it was first seen.
type watched struct {
	content string
	since   time.Time
}

func newFolder(shared *disk.SharedFolder) *folder {
	return &folder{shared: shared, owner: rand.Text(), seen: map[string]watched{}, now: time.Now}
}

func valueFile(name string) string { return name + ".token" }

func (f *folder) Look(_ context.Context, name string) (Found, error) {
	content, written, err := f.shared.Read(valueFile(name), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = f.shared.Create(valueFile(name), []byte(nothing+rand.Text())) // if it fails, so will Lease
		content, written, err = f.shared.Read(valueFile(name), maxFile)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Found{}, err
	}
	sum := sha256.Sum256(content)
	f.hash = hex.EncodeToString(sum[:8])
	if err != nil || bytes.HasPrefix(content, []byte(nothing)) {
		return Found{}, nil
	}
	now, err := f.shared.Clock()
	if err != nil { // a reader has only its own clock
		now = f.now()
	}
	return Found{Value: content, Age: max(now.Sub(written), 0)}, nil
}

func (f *folder) Lease(_ context.Context, name string, hold time.Duration) (bool, error) {
	if f.held != "" {
		return f.extend(hold)
	}
	if hold == 0 {
		return false, nil
	}
	for attempt := 1; ; attempt++ {
		file := fmt.Sprintf("%s.%s.%d", name, f.hash, attempt)
		content, _, err := f.shared.Read(file, maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			return f.begin(file)
		}
		if err != nil {
			return false, err
		}
		if f.watch(file, string(content)) < hold {
			return false, nil
		}
	}
}

// begin makes a lease, unless another process is faster.
func (f *folder) begin(file string) (bool, error) {
	made, err := f.shared.Create(file, f.content())
	if made {
		f.held = file
	} else {
		f.watch(file, "")
	}
	return made, err
}

// content is that of this process's lease. It differs each time, which shows that the process is alive.
func (f *folder) content() []byte { return fmt.Appendf(nil, "%s %d\n", f.owner, f.beats) }

// watch returns for how long another process's lease has stayed the same.
func (f *folder) watch(file, content string) time.Duration {
	w, known := f.seen[file]
	if !known || w.content != content {
		w = watched{content, f.now()}
		f.seen[file] = w
	}
	return f.now().Sub(w.since)
}

func (f *folder) extend(hold time.Duration) (bool, error) {
	if hold == 0 {
		file := f.held
		f.held = ""
		return false, f.shared.Remove(file)
	}
	f.beats++
	return true, f.shared.Replace(f.held, f.content())
}

func (f *folder) Publish(_ context.Context, name string, value []byte, _ time.Duration) error {
	if err := f.shared.Replace(valueFile(name), value); err != nil {
		if f.held != "" { // the others need not wait for its end
			err = errors.Join(err, f.shared.Remove(f.held))
		}
		f.held = ""
		return err
	}
	f.held = ""
	f.sweep(name)
	return nil
}

// sweep removes the leases of all contents but the one that was just replaced: a slow process could still ask for one
// of those, and get it a second time.
func (f *folder) sweep(name string) {
	names, err := f.shared.Names(name + ".")
	if err != nil {
		return
	}
	for _, file := range names {
		if file != valueFile(name) && !strings.HasPrefix(file, name+"."+f.hash+".") {
			_ = f.shared.Remove(file) // the next process tries again
		}
	}
}

func (f *folder) Drop(_ context.Context, name string) error {
	return f.shared.Replace(valueFile(name), []byte(nothing+rand.Text()))
}
