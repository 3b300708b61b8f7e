package kernel

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// A key that another process replaces, revokes or lets expire between the search and the read is searched for again.
func TestGetOfReplacedKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		reads    []error // of each read in turn; nil: the value
		searches []error // of each search in turn; past the end: found
		want     error
		searched int
	}{
		{name: "there", reads: []error{nil}, searched: 1},
		{name: "replaced once", reads: []error{unix.ENOKEY, nil}, searched: 2},
		{name: "revoked, then expired", reads: []error{unix.EKEYREVOKED, unix.EKEYEXPIRED, nil}, searched: 3},
		{name: "replaced seven times", reads: append(repeat(unix.ENOKEY, searches-1), nil), searched: searches},
		{name: "replaced without end", reads: repeat(unix.ENOKEY, 100), want: ErrNotFound, searched: searches},
		{
			name: "deleted", reads: []error{unix.ENOKEY}, searches: []error{nil, unix.ENOKEY}, want: ErrNotFound,
			searched: 2,
		},
		{name: "never there", searches: []error{unix.ENOKEY}, want: ErrNotFound, searched: 1},
		{name: "refused", reads: []error{unix.EACCES, nil}, want: ErrUnavailable, searched: 1},
		{
			name: "replaced, then refused", reads: []error{unix.ENOKEY, unix.EPERM, nil}, want: ErrUnavailable,
			searched: 2,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			searched, read := 0, 0
			got, err := getWith(func(int, string, string, int) (int, error) {
				searched++
				if searched <= len(tt.searches) {
					return searched, tt.searches[searched-1]
				}
				return searched, nil
			}, func(_, id int, buf []byte, _ int) (int, error) {
				if id != searched {
					t.Errorf("key %d is read, %d was found", id, searched)
				}
				read++
				if err := tt.reads[read-1]; err != nil {
					return 0, err
				}
				return copy(buf, "value"), nil
			}, "name")
			if !errors.Is(err, tt.want) || (err == nil) != (string(got) == "value") {
				t.Errorf("got %q, %v; want %v", got, err, tt.want)
			}
			if searched != tt.searched {
				t.Errorf("%d searches, want %d", searched, tt.searched)
			}
		})
	}
}

func repeat(err error, n int) []error {
	all := make([]error, n)
	for i := range all {
		all[i] = err
	}
	return all
}
