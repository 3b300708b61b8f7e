package keystoretest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func terminal() bool {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	return err == nil && f.Close() == nil
}

// watching reports whether strace sees the system calls of a process that has made itself undumpable.
func watching() bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		text, ok := strings.CutPrefix(line, "CapEff:")
		if !ok {
			continue
		}
		caps, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
		if err != nil || caps&(1<<unix.CAP_SYS_PTRACE) == 0 {
			return false
		}
	}
	return exec.Command("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-o", os.DevNull, "sh", "-c",
		":").Run() == nil
}
