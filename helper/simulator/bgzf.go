package simulator

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// BGZF is gzip in blocks of at most 64 KiB each, so that a file can be read from the middle (SAM specification,
// section 4.1). A virtual offset is a block's place in the file, shifted by 16 bits, and a place in its data.

const (
	bgzfHeader  = 18
	bgzfTrailer = 8
	maxBGZF     = 1 << 16
)

var errBGZF = errors.New("not BGZF")

// endOfBGZF is the empty block at the end of each file.
var endOfBGZF = [28]byte{
	0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
}

// readBGZF returns the data of the block at an offset, and the block's size in the file.
func readBGZF(r io.ReaderAt, at int64) (data []byte, size int64, err error) {
	head := make([]byte, bgzfHeader)
	if _, err := r.ReadAt(head, at); err != nil {
		return nil, 0, err
	}
	if !bytes.Equal(head[:4], endOfBGZF[:4]) || !bytes.Equal(head[10:16], endOfBGZF[10:16]) {
		return nil, 0, errBGZF
	}
	size = int64(binary.LittleEndian.Uint16(head[16:])) + 1
	if size < bgzfHeader+bgzfTrailer {
		return nil, 0, errBGZF
	}
	packed := io.NewSectionReader(r, at+bgzfHeader, size-bgzfHeader-bgzfTrailer)
	data, err = io.ReadAll(io.LimitReader(flate.NewReader(packed), maxBGZF+1))
	if err != nil || len(data) > maxBGZF {
		return nil, 0, errors.Join(errBGZF, err)
	}
	return data, size, nil
}

// packBGZF returns data as one block.
func packBGZF(data []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Write(endOfBGZF[:bgzfHeader])
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	block := binary.LittleEndian.AppendUint32(b.Bytes(), crc32.ChecksumIEEE(data))
	block = binary.LittleEndian.AppendUint32(block, uint32(len(data))) //nolint:gosec // at most 64 KiB
	if len(block) > maxBGZF {
		return nil, errBGZF // data that does not compress, of almost 64 KiB
	}
	binary.LittleEndian.PutUint16(block[16:], uint16(len(block)-1)) //nolint:gosec // checked
	return block, nil
}

// gunzip returns the data of a gzip or BGZF file, of at most most bytes.
func gunzip(raw []byte, most int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, errBGZF
	}
	return data, err
}

// between returns the blocks that hold the data from one virtual offset to another. A block that is needed only in part
// is packed again, because the rest of it may be half a record.
func between(r io.ReaderAt, begin, end uint64) ([]block, error) {
	if begin >= end {
		return nil, nil
	}
	from, skip := place(begin)
	to, keep := place(end)
	var out []block
	if from == to {
		return part(out, r, from, skip, keep)
	}
	if skip > 0 {
		data, size, err := readBGZF(r, from)
		if err != nil {
			return nil, err
		}
		if out, err = part(out, r, from, skip, len(data)); err != nil {
			return nil, err
		}
		from += size
	}
	if from < to {
		out = append(out, block{from: from, to: to})
	}
	if keep > 0 {
		return part(out, r, to, 0, keep)
	}
	return out, nil
}

// place splits a virtual offset. One that is past any file's end stays a positive number.
func place(offset uint64) (at int64, in int) {
	return int64(offset >> 16), int(offset & 0xffff)
}

// part appends some data of the block at an offset as a block of its own.
func part(blocks []block, r io.ReaderAt, at int64, from, to int) ([]block, error) {
	data, _, err := readBGZF(r, at)
	if err != nil {
		return nil, err
	}
	if from > to || to > len(data) {
		return nil, errBGZF
	}
	if from == to {
		return blocks, nil
	}
	packed, err := packBGZF(data[from:to])
	if err != nil {
		return nil, err
	}
	return append(blocks, block{data: packed}), nil
}

// maxHeader is the largest header of a file that is looked at, unpacked.
const maxHeader = 64 << 20

// readHeader unpacks a file from its beginning until length knows how long its header is, and returns the virtual
// offset after it. length sees ever more of the file, and at the end that there is no more.
func readHeader(r io.ReaderAt, length func(data []byte, last bool) (n int, ok bool)) (end uint64, err error) {
	var data []byte
	var at int64
	for len(data) <= maxHeader {
		more, size, err := readBGZF(r, at)
		if err != nil {
			return 0, err
		}
		last := len(more) == 0
		before := len(data)
		data = append(data, more...)
		if n, ok := length(data, last); ok {
			if n == len(data) {
				return uint64(at+size) << 16, nil //nolint:gosec // not negative
			}
			if n < before {
				return 0, errBGZF
			}
			return uint64(at)<<16 | uint64(n-before), nil //nolint:gosec // not negative
		}
		if last {
			return 0, errBGZF
		}
		at += size
	}
	return 0, errBGZF
}
