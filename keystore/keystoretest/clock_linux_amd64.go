package keystoretest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Clocked is the main function of a separate program: clocked OFFSET[@AFTER[,UNTIL]] COMMAND ARGS... runs a command
// whose clock is wrong by a duration, from its start or only after a time, or only for a while, and exits with its
// status. It changes no other process's clock, and the command can't notice it: before the command's first instruction,
// Clocked replaces the code that the kernel maps into the command to read the clock (the vDSO). As on a machine whose
// clock is set, CLOCK_MONOTONIC and all timers continue unchanged. Programs that the command starts have the right
// time.
func Clocked() {
	status, err := runClocked(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "clocked:", err)
		os.Exit(125)
	}
	os.Exit(status)
}

// clock reports whether a program can be run with a wrong clock.
func clock() bool {
	done := make(chan bool)
	go func() { // its thread is the tracer, and ends with it
		status, err := runClocked("0s", "/bin/sh", []string{"-c", ":"})
		done <- err == nil && status == 0
	}()
	return <-done
}

func runClocked(setting, name string, args []string) (status int, err error) {
	amount, when, _ := strings.Cut(setting, "@")
	after, until, _ := strings.Cut(when, ",")
	now := time.Now()
	w := wrong{from: now, until: now.Add(24 * time.Hour)}
	for _, part := range []struct {
		text string
		set  func(time.Duration)
	}{
		{amount, func(d time.Duration) { w.by = d }},
		{after, func(d time.Duration) { w.from = now.Add(d) }},
		{until, func(d time.Duration) { w.until = now.Add(d) }},
	} {
		if part.text == "" {
			continue
		}
		d, err := time.ParseDuration(part.text)
		if err != nil {
			return 0, err
		}
		part.set(d)
	}
	runtime.LockOSThread() // the kernel knows a tracer by its thread, and so a parent
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid := cmd.Process.Pid
	if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil { // it stops when it is loaded
		return 0, err
	}
	if err := setClock(pid, w); err != nil {
		return 0, errors.Join(err, cmd.Process.Kill())
	}
	if err := syscall.PtraceDetach(pid); err != nil {
		return 0, err
	}
	_ = cmd.Wait() // only its status counts
	return cmd.ProcessState.ExitCode(), nil
}

// wrong says how a clock is wrong, and when.
type wrong struct {
	by          time.Duration
	from, until time.Time
}

// setClock replaces the code of a stopped process's clock_gettime.
func setClock(pid int, w wrong) error {
	image, base, err := vDSO(pid)
	if err != nil {
		return err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return err
	}
	code := w.code()
	for _, s := range symbols {
		if s.Name != "__vdso_clock_gettime" {
			continue
		}
		if s.Size < uint64(len(code)) {
			return fmt.Errorf("this kernel's clock_gettime has %d bytes only", s.Size)
		}
		mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = mem.WriteAt(code, int64(base+s.Value))
		return errors.Join(err, mem.Close())
	}
	return errors.New("the vDSO has no clock_gettime")
}

// vDSO returns the image that the kernel has mapped into a process, and its address.
func vDSO(pid int) (image []byte, base uint64, err error) {
	vector, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return nil, 0, err
	}
	const sysinfoEHDR = 33
	for ; len(vector) >= 16 && base == 0; vector = vector[16:] {
		if binary.LittleEndian.Uint64(vector) == sysinfoEHDR {
			base = binary.LittleEndian.Uint64(vector[8:])
		}
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, 0, err
	}
	image = make([]byte, 4*os.Getpagesize())
	n, err := mem.ReadAt(image, int64(base)) // up to the mapping's end
	if n > 0 || errors.Is(err, io.EOF) {
		err = nil
	}
	return image[:n], base, errors.Join(err, mem.Close())
}

// code is clock_gettime(clock, to): the system call, which then changes the seconds of CLOCK_REALTIME while the clock
// is wrong.
func (w wrong) code() []byte {
	number := func(code []byte, n int64) []byte { return binary.LittleEndian.AppendUint64(code, uint64(n)) }
	code := []byte{
		0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
		0x75, 43, // jne end
		0x48, 0xb9, // mov rcx, from
	}
	code = append(number(code, w.from.Unix()),
		0x48, 0x39, 0x0e, // cmp [rsi], rcx
		0x7c, 28, // jl end
		0x48, 0xb9) // mov rcx, until
	code = append(number(code, w.until.Unix()),
		0x48, 0x39, 0x0e, // cmp [rsi], rcx
		0x7d, 13, // jge end
		0x48, 0xb9) // mov rcx, by
	return append(number(code, int64(w.by/time.Second)),
		0x48, 0x01, 0x0e, // add [rsi], rcx
		0xc3) // end: ret
}
