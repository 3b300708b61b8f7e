package main

import "testing"

// plainGet reads command lines as cobra does, or leaves them to cobra.
func TestPlainGet(t *testing.T) {
	t.Parallel()
	const url = "https://int.api.service.nhs.uk/x?a=--format"
	for _, tt := range []struct {
		args  []string
		plain bool
	}{
		{[]string{"get"}, true},
		{[]string{"get", "int"}, true},
		{[]string{"get", ""}, true},
		{[]string{"get", url}, true},
		{[]string{"get", "int", url}, true},
		{[]string{"get", "--format", "token"}, true},
		{[]string{"get", "--format=token", "int"}, true},
		{[]string{"get", "int", "--format", "-v", url}, true},
		{[]string{"get", "--format", "--"}, true},
		{[]string{"get", "--format=", "--format", "curl", "int"}, true},
		{[]string{"get", url, "int"}, false},
		{[]string{"get", "int", "dev"}, false},
		{[]string{"get", "int", url, "x"}, false},
		{[]string{"get", "--format"}, false},
		{[]string{"get", "-v"}, false},
		{[]string{"get", "-"}, false},
		{[]string{"get", "--", "int"}, false},
		{[]string{"get", "--help"}, false},
		{[]string{"get", "--formats", "token"}, false},
		{[]string{"get", "--force-new"}, false},
		{[]string{"-v", "get"}, false},
		{[]string{"gets"}, false},
		{nil, false},
	} {
		got, plain := plainGet(tt.args)
		if plain != tt.plain {
			t.Errorf("%q: plain %t, want %t", tt.args, plain, tt.plain)
		}
		if !plain {
			continue
		}
		cmd := getCommand(new(app))
		if err := cmd.ParseFlags(tt.args[1:]); err != nil {
			t.Fatalf("%q: cobra says %v", tt.args, err)
		}
		want := getOptions{format: cmd.Flags().Lookup("format").Value.String()}
		if err := want.place(cmd.Flags().Args()); err != nil || got != want {
			t.Errorf("%q: %+v, want %+v, %v", tt.args, got, want, err)
		}
	}
}
