//go:build unix

package disk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// soon is a wait that a test sees the end of; never is one that must not be waited for.
func soon() (time.Duration, error)  { return 50 * time.Millisecond, nil }
func never() (time.Duration, error) { return 0, errors.New("it was waited for") }
func long() (time.Duration, error)  { return time.Minute, nil }

// odd makes a file of each kind in a new folder.
func odd(t *testing.T, kind string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	switch kind {
	case "file":
		must(t, os.WriteFile(path, []byte("content"), 0o600))
	case "empty":
		must(t, os.WriteFile(path, nil, 0o600))
	case "link":
		must(t, os.WriteFile(path+".real", []byte("content"), 0o600))
		must(t, os.Symlink(path+".real", path))
	case "dangling":
		must(t, os.Symlink("nowhere", path))
	case "loop":
		must(t, os.Symlink("f", path))
	case "folder":
		must(t, os.Mkdir(path, 0o700))
	case "pipe":
		must(t, syscall.Mkfifo(path, 0o600))
	case "link to a pipe":
		must(t, syscall.Mkfifo(path+".real", 0o600))
		must(t, os.Symlink(path+".real", path))
	case "socket":
		folder, err := os.MkdirTemp("", "s") // a socket's name is short
		must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		path = filepath.Join(folder, "s")
		l, err := net.Listen("unix", path)
		must(t, err)
		t.Cleanup(func() { _ = l.Close() })
	case "huge":
		must(t, os.WriteFile(path, nil, 0o600))
		must(t, os.Truncate(path, 1<<40))
	case "zero device":
		return "/dev/zero"
	case "link to a device":
		must(t, os.Symlink("/dev/zero", path))
	case "null device":
		return os.DevNull
	}
	return path
}

func TestReadInput(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, want string
		problem    string
		is         error
		wait       disk.Wait
	}{
		{kind: "file", want: "content"},
		{kind: "link", want: "content"},
		{kind: "empty"},
		{kind: "null device"},
		{kind: "missing", is: fs.ErrNotExist, problem: "open "},
		{kind: "dangling", is: fs.ErrNotExist, problem: "open "},
		{kind: "loop", is: syscall.ELOOP, problem: "open "},
		{kind: "folder", is: syscall.EISDIR, problem: "read "},
		{kind: "huge", is: disk.ErrTooLong, problem: "it is too long"},
		{kind: "socket", problem: "it is a socket"},
		{kind: "zero device", problem: "it is a device"},
		{kind: "link to a device", problem: "it is a device"},
		{kind: "pipe", problem: "its end did not come within 50ms", wait: soon},
		{kind: "link to a pipe", problem: "its end did not come within 50ms", wait: soon},
		{kind: "pipe", problem: "it was waited for"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			path := odd(t, tt.kind)
			if tt.wait == nil {
				tt.wait = never
			}
			for name, read := range map[string]func(string, int64, disk.Wait) ([]byte, error){
				"input":   disk.ReadInput,
				"trusted": disk.ReadTrusted,
			} {
				got, err := read(path, 100, tt.wait)
				if tt.problem == "" {
					if err != nil || string(got) != tt.want {
						t.Errorf("%s: got %q, %v", name, got, err)
					}
					continue
				}
				if err == nil || got != nil || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("%s: got %d bytes, %v; want %v", name, len(got), err, tt.is)
				}
				if name == "input" && !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got %v, want %q", err, tt.problem)
				}
			}
		})
	}
}

func TestReadInputLimit(t *testing.T) {
	t.Parallel()
	path := odd(t, "file")
	for limit, problem := range map[int64]bool{0: true, 1: true, 6: true, 7: false, 8: false, 1 << 20: false} {
		got, err := disk.ReadInput(path, limit, never)
		if errors.Is(err, disk.ErrTooLong) != problem || problem == (string(got) == "content") {
			t.Errorf("limit %d: %q, %v", limit, got, err)
		}
		head, err := disk.ReadHead(path, limit, never)
		if want := "content"[:min(7, limit)]; err != nil || string(head) != want {
			t.Errorf("the first %d bytes: %q, %v", limit, head, err)
		}
	}
	big := strings.Repeat("0123456789", 10_000)
	must(t, os.WriteFile(path, []byte(big), 0o600))
	if got, err := disk.ReadInput(path, 100_000, never); err != nil || string(got) != big {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestReadInputPipe(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789", 20_000) // more than a pipe holds
	for name, give := range map[string]func(w *os.File){
		"at once": func(w *os.File) { _, _ = w.WriteString(big) },
		"in two parts": func(w *os.File) {
			_, _ = w.WriteString(big[:10])
			time.Sleep(20 * time.Millisecond)
			_, _ = w.WriteString(big[10:])
		},
		"nothing at all": func(*os.File) {},
	} {
		want := big
		if name == "nothing at all" {
			want = ""
		}
		t.Run("descriptor "+name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			must(t, err)
			go func() { give(w); _ = w.Close() }()
			got, err := disk.ReadInput(fmt.Sprintf("/dev/fd/%d", r.Fd()), 1<<20, long)
			if err != nil || string(got) != want {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			_ = r.Close()
		})
		t.Run("named "+name, func(t *testing.T) {
			t.Parallel()
			path := odd(t, "pipe")
			go func() {
				if w, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
					give(w)
					_ = w.Close()
				}
			}()
			got, err := disk.ReadInput(path, 1<<20, long)
			if err != nil || string(got) != want {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	t.Run("held open", func(t *testing.T) {
		t.Parallel()
		r, w, err := os.Pipe()
		must(t, err)
		_, err = w.WriteString("content")
		must(t, err)
		got, err := disk.ReadInput(fmt.Sprintf("/proc/self/fd/%d", r.Fd()), 100, soon)
		if !strings.Contains(fmt.Sprint(err), "did not come within") || fault.ClassOf(err) != fault.Usage ||
			fault.HintOf(err, "") == "" || got != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := disk.ReadStream(r, "stdin", 100, soon); err == nil || got != nil {
			t.Errorf("stream: %q, %v", got, err)
		}
		_ = w.Close()
	})
	t.Run("without end", func(t *testing.T) {
		t.Parallel()
		zero, err := os.Open("/dev/zero")
		must(t, err)
		defer func() { _ = zero.Close() }()
		_, err = disk.ReadInput(fmt.Sprintf("/dev/fd/%d", zero.Fd()), 100, never)
		if !errors.Is(err, disk.ErrTooLong) {
			t.Errorf("descriptor: %v", err)
		}
		if _, err := disk.ReadStream(zero, "stdin", 100, long); !errors.Is(err, disk.ErrTooLong) {
			t.Errorf("stream: %v", err)
		}
	})
}

func TestDescriptor(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/dev/stdin": true, "/dev/fd/0": true, "/dev/fd/63": true, "/proc/self/fd/5": true, "/proc/123/fd/5": true,
		"/dev//fd/../fd/3": true, "/proc/thread-self/fd/9": true,
		"": false, "-": false, "/dev/fd/": false, "/dev/fd/x": false, "/dev/fd/3x": false, "/dev/zero": false,
		"/dev/stdin2": false,
		"/proc/fd/3":  false, "/proc/self/fd": false, "/proc/self/root/fd/3": false, "dev/fd/3": false,
		"/tmp/fd/3": false, "/proc/self/fdinfo/3": false,
	} {
		if got := disk.Descriptor(path); got != want {
			t.Errorf("%q: got %t", path, got)
		}
	}
}

// A trusted file may be this user's or root's, at the end of links and below folders that are, too.
func TestReadTrustedAttacked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		root    bool
		spoil   func(t *testing.T, home, file string)
		problem string
	}{
		{name: "as it should be", spoil: func(*testing.T, string, string) {}},
		{name: "hard link", spoil: func(t *testing.T, home, file string) { must(t, os.Link(file, home+"/other")) }},
		{name: "link to it", spoil: func(t *testing.T, home, file string) {
			must(t, os.Rename(file, home+"/real"))
			must(t, os.Symlink("../real", file))
		}},
		{
			name: "written by everybody", spoil: func(t *testing.T, _, file string) { must(t, os.Chmod(file, 0o666)) },
			problem: "can be written by everybody",
		},
		{name: "link to what everybody writes", spoil: func(t *testing.T, home, file string) {
			must(t, os.Rename(file, home+"/real"))
			must(t, os.Chmod(home+"/real", 0o646))
			must(t, os.Symlink(home+"/real", file))
		}, problem: "can be written by everybody"},
		{name: "link through a folder of everybody", spoil: func(t *testing.T, home, file string) {
			must(t, os.Mkdir(home+"/open", 0o700))
			must(t, os.Rename(file, home+"/open/real"))
			must(t, os.Symlink(home+"/open/real", file))
			must(t, os.Chmod(home+"/open", 0o777))
		}, problem: "can be written by everybody"},
		{
			name: "folder of everybody", spoil: func(t *testing.T, home, _ string) { must(t, os.Chmod(home, 0o777)) },
			problem: "can be written by everybody",
		},
		{name: "sticky folder", spoil: func(t *testing.T, home, _ string) {
			must(t, os.Chmod(home, 0o777|fs.ModeSticky))
		}},
		{
			name: "another user's", root: true, spoil: func(t *testing.T, _, file string) {
				must(t, os.Chown(file, attacker, 0))
			},
			problem: "belongs to uid 65533",
		},
		{name: "another user's link", root: true, spoil: func(t *testing.T, home, file string) {
			must(t, os.Rename(file, home+"/real"))
			must(t, os.Symlink(home+"/real", file))
			must(t, os.Lchown(file, attacker, 0))
		}, problem: "belongs to uid 65533"},
		{
			name: "another user's folder", root: true, spoil: func(t *testing.T, _, file string) {
				must(t, os.Chown(filepath.Dir(file), attacker, 0))
			},
			problem: "belongs to uid 65533",
		},
		{name: "root's folder that a group manages", root: true, spoil: func(t *testing.T, _, file string) {
			must(t, os.Chown(filepath.Dir(file), 0, attacker))
			must(t, os.Chmod(filepath.Dir(file), 0o775))
		}},
		{name: "of a group", root: true, spoil: func(t *testing.T, _, file string) {
			must(t, os.Chown(file, 0, attacker))
			must(t, os.Chmod(file, 0o664))
		}, problem: "can be written by its group"},
		{name: "another user's pipe", root: true, spoil: func(t *testing.T, _, file string) {
			must(t, os.Remove(file))
			must(t, syscall.Mkfifo(file, 0o600))
			must(t, os.Chown(file, attacker, 0))
		}, problem: "belongs to uid 65533"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.root {
				needRoot(t)
			}
			home := filepath.Join(t.TempDir(), "home")
			file := home + "/certs/ca.pem"
			must(t, os.MkdirAll(filepath.Dir(file), 0o700))
			must(t, os.WriteFile(file, []byte("content"), 0o600))
			tt.spoil(t, home, file)
			got, err := disk.ReadTrusted(file, 100, never)
			if tt.problem == "" {
				if err != nil || string(got) != "content" {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			var unsafe *disk.UnsafeError
			if !errors.As(err, &unsafe) || !strings.Contains(unsafe.Problem, tt.problem) || got != nil {
				t.Errorf("got %q, %v; want an UnsafeError: %s", got, err, tt.problem)
			}
		})
	}
}

func TestReadTrustedRelative(t *testing.T) {
	file := odd(t, "file")
	t.Chdir(filepath.Dir(file))
	if got, err := disk.ReadTrusted("f", 100, never); err != nil || string(got) != "content" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	file := odd(t, "file")
	must(t, disk.Append(file, []byte(" and more")))
	if got, err := os.ReadFile(file); err != nil || string(got) != "content and more" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, kind := range []string{"missing", "folder", "pipe", "socket", "null device"} {
		path := odd(t, kind)
		if err := disk.Append(path, []byte("x")); err == nil {
			t.Errorf("%s: no error", kind)
		}
		if kind == "missing" {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it was made: %v", err)
			}
		}
	}
}
