package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"cgp-cred/keystore/fault"
)

func TestClassAndHints(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.Keystore, "do this\nand that", "no %s", "key")
	known := &fault.Error{Class: fault.Refused, What: "refused", ID: "rrt-1"}
	for _, tt := range []struct {
		err   error
		text  string
		class fault.Class
		hints []string
		id    string
	}{
		{nil, "", fault.Bug, nil, ""},
		{errors.New("x"), "x", fault.Bug, nil, ""},
		{
			&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}, "open /x: permission denied", fault.Bug, nil,
			"",
		},
		{context.Canceled, "context canceled", fault.Temporary, nil, ""},
		{
			fmt.Errorf("asking: %w", context.DeadlineExceeded), "asking: context deadline exceeded", fault.Temporary,
			nil,
			"",
		},
		{inner, "no key", fault.Keystore, []string{"do this", "and that"}, ""},
		{fmt.Errorf("profile: %w", inner), "profile: no key", fault.Keystore, []string{"do this", "and that"}, ""},
		{fault.Wrap(fault.Usage, "other", "wrapped", inner), "wrapped: no key", fault.Usage, []string{"other"}, ""},
		{
			fault.Wrap(fault.Usage, "", "wrapped", inner), "wrapped: no key", fault.Usage,
			[]string{"do this", "and that"},
			"",
		},
		{fault.Of(fault.None, "look", errors.New("nothing")), "nothing", fault.None, []string{"look"}, ""},
		{errors.Join(errors.New("first"), inner), "first\nno key", fault.Keystore, []string{"do this", "and that"}, ""},
		{fault.Of(fault.Refused, "more", known), "refused", fault.Refused, []string{"more"}, "rrt-1"},
	} {
		if tt.err != nil && tt.err.Error() != tt.text {
			t.Errorf("text %q, want %q", tt.err, tt.text)
		}
		if got := fault.ClassOf(tt.err); got != tt.class {
			t.Errorf("%v: class %v, want %v", tt.err, got, tt.class)
		}
		if got := fault.HintsOf(tt.err); !slices.Equal(got, tt.hints) {
			t.Errorf("%v: hints %q, want %q", tt.err, got, tt.hints)
		}
		if got := fault.IDOf(tt.err); got != tt.id {
			t.Errorf("%v: message ID %q, want %q", tt.err, got, tt.id)
		}
	}
	if got := fault.OneLine(inner); got != "no key (do this; and that)" {
		t.Errorf("one line %q", got)
	}
	if got := fault.OneLine(context.Canceled); got != "context canceled" {
		t.Errorf("one line %q", got)
	}
	if got := fault.HintOf(errors.New("x"), "usual"); got != "usual" {
		t.Errorf("hint %q", got)
	}
	if !errors.Is(fault.Wrap(fault.Usage, "", "x", fs.ErrExist), fs.ErrExist) {
		t.Error("the cause is lost")
	}
}
