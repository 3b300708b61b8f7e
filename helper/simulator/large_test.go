package simulator_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"cgp-cred/helper/simulator"
)

// largeFile is a file of zeros that counts how much of it is read.
type largeFile struct {
	size int64

	mu   sync.Mutex
	read int64
	most int // in one call
	open int
}

func (l *largeFile) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read += int64(n)
	l.most = max(l.most, n)
}

// opened is an open largeFile.
type opened struct {
	*largeFile
	io.ReadSeeker
	info fs.FileInfo
}

func (o opened) Stat() (fs.FileInfo, error)        { return o.info, nil }
func (o opened) Read(b []byte) (int, error)        { return o.ReadSeeker.Read(b) }
func (o opened) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }
func (o opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open--
	return nil
}

// zeros is what is in it.
type zeros struct{ *largeFile }

func (z zeros) ReadAt(b []byte, at int64) (int, error) {
	n := int(min(int64(len(b)), z.size-at))
	z.count(n)
	clear(b[:n])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// largeInfo is the file's information with its real size.
type largeInfo struct {
	fs.FileInfo
	size int64
}

func (i largeInfo) Size() int64 { return i.size }

// largeFS has one large file.
type largeFS struct {
	fstest.MapFS
	file *largeFile
}

func (l largeFS) Stat(name string) (fs.FileInfo, error) {
	info, err := l.MapFS.Stat(name)
	if name == "." || err != nil {
		return info, err
	}
	return largeInfo{info, l.file.size}, nil
}

func (l largeFS) Open(name string) (fs.File, error) {
	if name == "." {
		return l.MapFS.Open(name)
	}
	info, err := l.Stat(name)
	if err != nil {
		return nil, err
	}
	l.file.mu.Lock()
	defer l.file.mu.Unlock()
	l.file.open++
	return opened{l.file, io.NewSectionReader(zeros{l.file}, 0, l.file.size), info}, nil
}

// TestLargeFile: a file larger than 4 GiB is never read as a whole, and not further than the client reads.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	const size = 5 << 30
	file := &largeFile{size: size}
	files := largeFS{fstest.MapFS{"a.bam": {ModTime: time.Unix(1e9, 0)}}, file}
	s, auth := newGenomic(newClock(), func(c *simulator.Config) { c.Data = files })
	server := httptest.NewServer(s.Bucket())
	defer server.Close()
	s.SetBucketURL(server.URL)
	id := idOf(t, s, "a.bam")
	object := call(s, "GET", drs+"objects/"+id, auth...)
	if !strings.Contains(object.body, `"size":5368709120,`) || !strings.Contains(object.body, `"type":"etag"`) {
		t.Errorf("object %s", object.body)
	}
	d := string(find(t, s, "DocumentReference")[0])
	if !strings.Contains(d, `"size":2147483647`) || !strings.Contains(d, `"valueDecimal":5368709120`) {
		t.Errorf("resource %s", d)
	}
	at := link(t, s, id)
	if got := follow(s, "GET", at, "Range", "bytes=-10"); got.status != 206 || len(got.body) != 10 ||
		got.header.Get("Content-Range") != "bytes 5368709110-5368709119/5368709120" {
		t.Errorf("status %d, %v", got.status, got.header)
	}
	if file.read > 1<<20 {
		t.Errorf("%d bytes were read for the last ten", file.read)
	}

	res, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil || res.ContentLength != size {
		t.Fatalf("length %d, %v", res.ContentLength, err)
	}
	_ = res.Body.Close()
	for { // the server notices
		file.mu.Lock()
		open, read, most := file.open, file.read, file.most
		file.mu.Unlock()
		if open == 0 {
			if read > 256<<20 || most > 1<<20 {
				t.Errorf("%d bytes were read, %d at once", read, most)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
