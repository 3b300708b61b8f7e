//go:build unix

package disk

import "testing"

func TestSoleMember(t *testing.T) {
	t.Parallel()
	const passwd = "root:x:0:0:root:/root:/bin/sh\n" +
		"ann:x:1000:1000:Ann:/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"
	for _, tt := range []struct {
		name, group, passwd string
		want                bool
	}{
		{name: "no members", group: "ann:x:1000:\n", passwd: passwd, want: true},
		{name: "herself", group: "root:x:0:\nann:x:1000:ann\n", passwd: passwd, want: true},
		{name: "another user", group: "ann:x:1000:bob\n", passwd: passwd},
		{name: "herself and another user", group: "ann:x:1000:ann,bob\n", passwd: passwd},
		{name: "not in the file", group: "bob:x:1001:\n", passwd: passwd},
		{name: "empty file", group: "", passwd: passwd},
		{name: "two groups of one number", group: "ann:x:1000:\nshared:x:1000:bob\n", passwd: passwd},
		{
			name: "another user's primary group", group: "ann:x:1000:\n",
			passwd: passwd + "eve:x:1002:1000::/home/eve:/bin/sh\n",
		},
		{name: "an unknown user", group: "x:x:1000:\n", passwd: "root:x:0:0:root:/root:/bin/sh\n", want: true},
		{name: "an unknown name", group: "x:x:1000:x\n", passwd: "root:x:0:0:root:/root:/bin/sh\n"},
		{name: "no line end", group: "ann:x:1000:", passwd: passwd, want: true},
		{name: "broken lines", group: "ann:x:1000\n::::\n", passwd: passwd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := soleMember([]byte(tt.group), []byte(tt.passwd), 1000); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func FuzzSoleMember(f *testing.F) {
	f.Add([]byte("ann:x:1000:\n"), []byte("ann:x:1000:1000:Ann:/home/ann:/bin/sh\n"))
	f.Fuzz(func(t *testing.T, group, passwd []byte) {
		if soleMember(group, nil, 1000) && len(group) == 0 {
			t.Error("a group that is not there")
		}
		soleMember(group, passwd, 1000)
	})
}
