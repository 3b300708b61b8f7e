package flight

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/report"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// A wait that its caller ends is one line of text, and still tells the caller why it ended.
func TestWaitIsCancelled(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	f := &Flight{Folders: disk.Folders{State: folder, Runtime: folder}, Report: report.To{}, Now: time.Now}
	holder, err := f.AcquireChange(t.Context(), "int", time.Minute, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.AcquireChange(ctx, "int", time.Minute, time.Minute)
	if !errors.Is(err, context.Canceled) || fault.ClassOf(err) != fault.Temporary {
		t.Fatalf("error %v of class %v", err, fault.ClassOf(err))
	}
	if !strings.Contains(err.Error(), "another cgp-cred") || strings.Contains(err.Error(), "\n") {
		t.Errorf("text %q", err)
	}
}
