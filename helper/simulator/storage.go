package simulator

import (
	"crypto/md5" //nolint:gosec // DRS and S3 name files by it; it protects nothing
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// stored is data that a client uploaded, in a temporary file.
type stored struct {
	file     *os.File
	size     int64
	md5      string
	sha256   string
	modified time.Time
}

// section is an independent way to read stored data.
type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

func (d *stored) open() file { return section{io.NewSectionReader(d.file, 0, d.size)} }

// storage makes temporary files, and removes them at the end.
type storage struct {
	mu    sync.Mutex
	files []*os.File
}

// create makes an empty temporary file. Where the system allows it, it has no name any more: it goes with the process.
func (s *storage) create() (*os.File, error) {
	f, err := os.CreateTemp("", "cgp-cred-simulate-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // Windows keeps it until close
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(s.files, f)
	return f, nil
}

// keep writes all that a reader has into a temporary file.
func (s *storage) keep(r io.Reader, now time.Time) (*stored, error) {
	f, err := s.create()
	if err != nil {
		return nil, err
	}
	m, h := md5.New(), sha256.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(f, m, h), r)
	if err != nil {
		s.drop(f)
		return nil, err
	}
	return &stored{f, n, hex.EncodeToString(m.Sum(nil)), hex.EncodeToString(h.Sum(nil)), now}, nil
}

// drop removes a file that is not needed.
func (s *storage) drop(f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, one := range s.files {
		if one == f {
			s.files = append(s.files[:i], s.files[i+1:]...)
			break
		}
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// close removes all files.
func (s *storage) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all error
	for _, f := range s.files {
		all = errors.Join(all, f.Close())
		_ = os.Remove(f.Name()) // most have no name
	}
	s.files = nil
	return all
}

// Close removes what clients have uploaded.
func (s *Simulator) Close() error { return s.uploads.stored.close() }
