package simulator

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// BAI, TBI and CSI are one kind of index: bins of 16 KiB and of eight, 64, … times that, and for each bin the chunks
// of the file with its records (SAM specification, section 5; CSIv1 specification).

var errIndex = errors.New("not an index that can be read")

// maxIndex is the largest index that is looked at, packed or unpacked. A file with a larger one comes as a whole.
const maxIndex = 128 << 20

// chunk is a part of a BGZF file, in virtual offsets.
type chunk struct{ begin, end uint64 }

type bin struct {
	first  uint64 // CSI: no record in it begins before
	chunks []chunk
}

type reference struct {
	bins   map[uint32]bin
	linear []uint64 // BAI and TBI: the first record that reaches into each 16 KiB
}

type binIndex struct {
	shift, depth uint
	names        []string // of the references; none in an index of a BAM
	references   []reference
}

// readIndex reads an index as it is.
func (s *Simulator) readIndex(i item) ([]byte, error) {
	if i.size > maxIndex {
		return nil, errIndex
	}
	f, err := s.library.open(i)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxIndex))
}

// cursor reads little-endian numbers. After the end all are zero, and bad is set.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int64) []byte {
	if n < 0 || n > int64(len(c.b)) {
		c.b, c.bad = nil, true
		return nil
	}
	var part []byte
	part, c.b = c.b[:n], c.b[n:]
	return part
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads how many elements of at least a size follow. A number that the rest can't hold is bad.
func (c *cursor) count(size int) int {
	n := c.u32()
	if uint64(n)*uint64(size) > uint64(len(c.b)) { //nolint:gosec // sizes are small constants
		c.b, c.bad = nil, true
		return 0
	}
	return int(n)
}

// parseIndex reads a BAI, TBI or CSI.
func parseIndex(raw []byte) (*binIndex, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		var err error
		if raw, err = gunzip(raw, maxIndex); err != nil {
			return nil, err
		}
	}
	c := &cursor{b: raw}
	x := &binIndex{shift: 14, depth: 5}
	magic := string(c.take(4))
	switch magic {
	case "BAI\x01":
	case "TBI\x01":
		n := c.b
		c.take(4)
		x.readNames(c)
		c.b = append(append([]byte(nil), n[:min(4, len(n))]...), c.b...)
	case "CSI\x01":
		x.shift, x.depth = uint(c.u32()), uint(c.u32())
		if x.shift > 40 || x.depth > 9 || x.shift+3*x.depth > 60 {
			return nil, errIndex
		}
		if aux := (&cursor{b: c.take(int64(c.u32()))}); len(aux.b) > 0 {
			x.readNames(aux)
		}
	default:
		return nil, errIndex
	}
	for range c.count(4) {
		x.references = append(x.references, c.reference(magic == "CSI\x01"))
	}
	if c.bad {
		return nil, errIndex
	}
	return x, nil
}

// readNames reads the part of a tabix index that says which columns it is about, and the names of the references.
func (x *binIndex) readNames(c *cursor) {
	c.take(6 * 4)
	names := string(c.take(int64(c.u32())))
	if names != "" {
		x.names = strings.Split(strings.TrimSuffix(names, "\x00"), "\x00")
	}
}

func (c *cursor) reference(csi bool) reference {
	r := reference{bins: make(map[uint32]bin)}
	for range c.count(8) {
		number := c.u32()
		var b bin
		if csi {
			b.first = c.u64()
		}
		for range c.count(16) {
			b.chunks = append(b.chunks, chunk{c.u64(), c.u64()})
		}
		r.bins[number] = b
	}
	if csi {
		return r
	}
	for range c.count(8) {
		r.linear = append(r.linear, c.u64())
	}
	return r
}

// levels calls each with the first and the last bin of every level that a region touches, from the largest bins to the
// smallest.
func (x *binIndex) levels(start, end int64, each func(first, last uint32)) {
	var offset uint32
	for level := uint(0); level <= x.depth; level++ {
		width := x.shift + 3*(x.depth-level)
		most := int64(1)<<(3*level) - 1
		at := func(p int64) uint32 { return offset + uint32(min(p>>width, most)) } //nolint:gosec // at most 8^9
		each(at(start), at(end-1))
		offset += 1 << (3 * level)
	}
}

// pseudoBin is the number of a bin that holds no records but statistics.
func (x *binIndex) pseudoBin() uint32 { return (1<<(3*(x.depth+1))-1)/7 + 1 }

// chunks returns the parts of the file with the records that overlap a region of a reference.
func (x *binIndex) chunks(reference int, start, end int64) []chunk {
	if reference >= len(x.references) || start >= end {
		return nil
	}
	r := x.references[reference]
	var least uint64
	if len(r.linear) > 0 {
		least = r.linear[min(start>>14, int64(len(r.linear)-1))]
	}
	var found []chunk
	x.levels(start, end, func(first, last uint32) {
		if b, ok := r.bins[first]; ok {
			least = max(least, b.first)
		}
		for number, b := range r.bins {
			if first <= number && number <= last {
				found = append(found, b.chunks...)
			}
		}
	})
	kept := found[:0]
	for _, c := range found {
		if c.end > least {
			kept = append(kept, c)
		}
	}
	return kept
}

// records returns where the first record of a file begins, and where the last one that has a position ends.
func (x *binIndex) records() (first, last uint64, ok bool) {
	for _, r := range x.references {
		for number, b := range r.bins {
			if number == x.pseudoBin() {
				continue
			}
			for _, c := range b.chunks {
				if !ok || c.begin < first {
					first = c.begin
				}
				last, ok = max(last, c.end), true
			}
		}
	}
	return first, last, ok
}
