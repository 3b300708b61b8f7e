package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// hookEnd is how long a hook that was asked to end has for that.
const hookEnd = 2 * time.Second

// Hook runs argv as it is, without a verb, in the program's own folder, for at most limit. Its stdin is empty, and its
// stdout and stderr go to out. It gets the variables in more, and no CGP_CRED_* variable. When ctx ends or the limit
// is reached, it gets SIGTERM, and SIGKILL two seconds later, with all that it started (Unix).
func Hook(ctx context.Context, argv, more []string, out *os.File, limit time.Duration) error {
	if err := Check(argv); err != nil {
		return err
	}
	running, stop := context.WithTimeout(ctx, limit)
	defer stop()
	// #nosec G204 -- the user chose the program, and there is no shell
	cmd := exec.CommandContext(running, argv[0], argv[1:]...)
	cmd.Dir = filepath.Dir(argv[0])
	cmd.Env = append(Environment(), more...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = hookEnd
	ownGroup(cmd)
	started := time.Now()
	err := run(running, cmd)
	if running.Err() != nil {
		killGroup(cmd)
	}
	var how string
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case running.Err() != nil:
		how = fmt.Sprintf("it did not end within %v", time.Since(started).Round(100*time.Millisecond))
	case errors.As(err, &exit):
		how = exit.String()
	default:
		return outcome{kind: ErrStart, program: argv[0], words: argv, verb: "run", how: Reason(err)}.fault()
	}
	return fault.New(fault.Usage, "try it by hand: "+printable.Shell(argv...), "the command %s failed: %s",
		printable.Quote(argv[0]), how)
}
