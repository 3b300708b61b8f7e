package simulator

import (
	"crypto/md5" //nolint:gosec // DRS and S3 name files by it; it protects nothing
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

// The examples: made-up reads, and variants in them, against a reference of random letters.
//
//go:embed data
var examples embed.FS

// exampleTime is when the examples were made, as far as clients are told. embed keeps no times.
func exampleTime() time.Time { return time.Date(2025, 7, 7, 14, 3, 28, 0, time.UTC) }

// file is what a library must be able to open.
type file interface {
	io.ReadSeeker
	io.ReaderAt
	io.Closer
}

// item is a file that the simulated platform has.
type item struct {
	id       string // its DRS ID
	path     string // in the library; the last part of its key in the bucket
	size     int64
	modified time.Time
	data     *stored // nil: it is in the library
	at       string  // in the bucket, if it is not in the library
}

func (i item) name() string { return path.Base(i.path) }

// key is the item's place in the bucket. The path in it lets the bucket find the file without a look at all others.
func (i item) key() string {
	if i.data != nil {
		return i.at
	}
	return i.id + "/" + i.path
}

// etag changes with the file, and costs no look into it.
func (i item) etag() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", i.path, i.size, i.modified.UnixNano()))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// mimeOf returns the type of a file as NHS-NGS/cgpclient names it.
func mimeOf(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	switch path.Ext(name) {
	case ".bam":
		return "application/bam"
	case ".cram":
		return "application/cram"
	case ".vcf":
		return "text/vcf"
	case ".fasta", ".fa":
		return "text/fasta"
	case ".fastq", ".fq", ".ora":
		return "text/fastq"
	case ".bai", ".crai", ".tbi", ".csi", ".fai", ".gzi":
		return "application/index"
	}
	return "application/octet-stream"
}

// library is the files behind the simulated platform: a user's own, or the examples.
type library struct {
	files fs.FS

	mu    sync.Mutex
	paths map[string]string // by ID, as of the last look
	sums  map[string]string // MD5 by etag
}

func newLibrary(files fs.FS) *library {
	if files == nil {
		sub, err := fs.Sub(examples, "data")
		if err != nil {
			panic(err) // the name is right
		}
		files = sub
	}
	return &library{files: files}
}

// idOf returns the ID of a file: a UUID that only its path decides, so that it is the same in each run.
func idOf(name string) string {
	sum := sha256.Sum256([]byte("cgp-cred simulate\n" + name))
	return uuid([16]byte(sum[:16]), 8)
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return uuid(b, 4)
}

// uuid returns a UUID of a version (RFC 9562).
func uuid(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// stat returns the item at a path. Only regular files count: a pipe would hold up its reader.
func (l *library) stat(name string) (item, error) {
	if !fs.ValidPath(name) || hidden(name) {
		return item{}, fs.ErrNotExist
	}
	info, err := fs.Stat(l.files, name)
	if err != nil {
		return item{}, err
	}
	if !info.Mode().IsRegular() {
		return item{}, fs.ErrNotExist
	}
	i := item{id: idOf(name), path: name, size: info.Size(), modified: info.ModTime()}
	if i.modified.IsZero() {
		i.modified = exampleTime()
	}
	return i, nil
}

// hidden reports whether a part of a path starts with a dot: such files are not served.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

// all returns every file, by path.
func (l *library) all() ([]item, error) {
	var items []item
	paths := make(map[string]string)
	err := fs.WalkDir(l.files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil: // a folder that can't be read has no files for anyone
			return fs.SkipDir
		case name != "." && hidden(name):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		if i, err := l.stat(name); err == nil {
			items = append(items, i)
			paths[i.id] = name
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths = paths
	return items, nil
}

// byID returns the item with an ID. It looks through the folder only for an ID that it does not know yet.
func (l *library) byID(id string) (item, error) {
	for range 2 {
		l.mu.Lock()
		name, ok := l.paths[id]
		l.mu.Unlock()
		if ok {
			return l.stat(name)
		}
		if _, err := l.all(); err != nil {
			return item{}, err
		}
	}
	return item{}, fs.ErrNotExist
}

func (l *library) open(i item) (file, error) {
	if i.data != nil {
		return i.data.open(), nil
	}
	f, err := l.files.Open(i.path)
	if err != nil {
		return nil, err
	}
	if whole, ok := f.(file); ok {
		return whole, nil
	}
	_ = f.Close()
	return nil, errors.New("the file system's files can't be read from the middle")
}

// maxSum is the largest file that is read for its checksum: about a second's work.
const maxSum = 512 << 20

// checksum returns the checksum that DRS wants. It reads the file once for each time that it changes.
func (l *library) checksum(i item) (checksum, error) {
	sum, err := l.knownMD5(i, maxSum)
	if sum == "" {
		return checksum{strings.Trim(i.etag(), `"`), "etag"}, err
	}
	return checksum{sum, "md5"}, err
}

// knownMD5 returns the checksum of a file, or nothing if it was not made before and the file is larger than most.
func (l *library) knownMD5(i item, most int64) (string, error) {
	l.mu.Lock()
	sum, ok := l.sums[i.etag()]
	l.mu.Unlock()
	if ok || i.size > most {
		return sum, nil
	}
	f, err := l.open(i)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := md5.New() //nolint:gosec // see the import
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum = hex.EncodeToString(h.Sum(nil))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sums == nil {
		l.sums = make(map[string]string)
	}
	l.sums[i.etag()] = sum
	return sum, nil
}

// index returns the index of a file, or false if it has none.
func (l *library) index(i item) (item, bool) {
	for _, ending := range indexEndings(i.path) {
		if index, err := l.stat(strings.TrimSuffix(i.path, ending.without) + ending.with); err == nil {
			return index, true
		}
	}
	return item{}, false
}

type ending struct{ without, with string }

// indexEndings returns what an index of a file may be called, as samtools looks for it.
func indexEndings(name string) []ending {
	switch {
	case strings.HasSuffix(name, ".bam"):
		return []ending{{"", ".csi"}, {"", ".bai"}, {".bam", ".bai"}, {".bam", ".csi"}}
	case strings.HasSuffix(name, ".cram"):
		return []ending{{"", ".crai"}, {".cram", ".crai"}}
	case strings.HasSuffix(name, ".vcf.gz"):
		return []ending{{"", ".csi"}, {"", ".tbi"}}
	}
	return nil
}
