package await_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/keystore/await"
)

func TestCall(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		takes time.Duration
		err   error
		want  error
	}{
		"in time":          {time.Second, nil, nil},
		"an error in time": {time.Second, failed, failed},
		"too late":         {time.Minute, failed, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			defer stop()
			got, err := await.Call(ctx, func() (string, error) { time.Sleep(tt.takes); return "answer", tt.err })
			if !errors.Is(err, tt.want) || (err == nil) != (got == "answer" && tt.want == nil) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			time.Sleep(time.Hour) // the call ends, and blocks on nothing
		})
	}
}
