package simulator

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A CRAM is a header of 26 bytes, a container with the SAM header, containers with slices, and an empty container
// (CRAM specification 3.1). Its index has a line for each slice, and more for a slice of several references.

var errCRAM = errors.New("not CRAM 3")

const (
	cramDefinition = 26
	endOfCRAM      = 38 // bytes of the empty container at the end of CRAM 3
)

// slice is a line of a CRAM's index.
type slice struct {
	reference, start, span int64 // start counts from 1
	container              int64 // its place in the file
}

func parseCRAI(raw []byte) ([]slice, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		var err error
		if raw, err = gunzip(raw, maxIndex); err != nil {
			return nil, err
		}
	}
	var out []slice
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) != 6 {
			return nil, errIndex
		}
		var n [4]int64
		for i := range n {
			var err error
			if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
				return nil, errIndex
			}
		}
		out = append(out, slice{n[0], n[1], n[2], n[3]})
	}
	if len(out) == 0 {
		return nil, errIndex
	}
	return out, nil
}

// cramLayout looks up a query in a CRAM and its index. Its blocks are whole containers.
func cramLayout(f io.ReaderAt, size int64, raw []byte, q htsgetQuery) (layout, *htsgetRefusal) {
	all := layout{body: []block{{to: size}}}
	lines, err := parseCRAI(raw)
	if err != nil {
		return all, nil
	}
	ends, ok := containerEnds(lines, size)
	if !ok {
		return all, nil
	}
	out := layout{header: []block{{to: ends[0]}}, body: []block{{from: size - endOfCRAM, to: size}}}
	switch {
	case q.header:
		return layout{header: join(append(out.header, out.body...))}, nil
	case q.regions == nil:
		out.body[0].from = ends[0]
		return out, nil
	}
	names, err := cramReferences(f)
	if err != nil {
		return all, nil
	}
	for _, g := range q.regions {
		number := int64(slices.Index(names, g.reference))
		if number < 0 && g.reference != "*" {
			return layout{}, &htsgetRefusal{htsgetNotFound, "the file has no such reference"}
		}
		for _, s := range lines {
			if s.overlaps(number, g) {
				n, _ := slices.BinarySearch(ends, s.container)
				out.body = append(out.body, block{from: s.container, to: ends[n+1]})
			}
		}
	}
	out.body = join(out.body)
	return out, nil
}

// overlaps reports whether a slice may have reads of a region. Reads without a position are reference -1.
func (s slice) overlaps(reference int64, g region) bool {
	if s.reference != reference {
		return false
	}
	return reference < 0 || s.start+s.span-1 > g.start && (g.end < 0 || s.start-1 < g.end)
}

// containerEnds returns where each container begins, and where the last one ends.
func containerEnds(all []slice, size int64) ([]int64, bool) {
	var at []int64
	for _, s := range all {
		at = append(at, s.container)
	}
	slices.Sort(at)
	at = append(slices.Compact(at), size-endOfCRAM)
	return at, at[0] > cramDefinition && at[len(at)-2] < at[len(at)-1]
}

// maxContainer is the largest first container that is looked at.
const maxContainer = 64 << 20

// cramReferences returns the names of the references in a CRAM's SAM header, in their order.
func cramReferences(f io.ReaderAt) ([]string, error) {
	head := make([]byte, cramDefinition+4)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != "CRAM" || head[4] != 3 {
		return nil, errCRAM
	}
	size := int64(binary.LittleEndian.Uint32(head[cramDefinition:]))
	if size > maxContainer {
		return nil, errCRAM
	}
	const mostOfHead = 256 // of the container, without its blocks
	raw, err := io.ReadAll(io.NewSectionReader(f, cramDefinition+4, size+mostOfHead))
	if err != nil {
		return nil, err
	}
	text, err := samHeader(raw)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if fields[0] != "@SQ" {
			continue
		}
		for _, field := range fields[1:] {
			if name, ok := strings.CutPrefix(field, "SN:"); ok {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// samHeader returns the text in the first block of a container that follows its length.
func samHeader(raw []byte) ([]byte, error) {
	c := &cursor{b: raw}
	for range 4 { // reference, start, span, number of records
		c.itf8()
	}
	c.ltf8() // record counter
	c.ltf8() // bases
	c.itf8() // blocks
	for n := c.itf8(); n > 0 && !c.bad; n-- {
		c.itf8() // landmark
	}
	c.take(4) // CRC
	method := c.take(2)
	c.itf8() // content ID
	packed, size := c.itf8(), c.itf8()
	data := c.take(packed)
	if c.bad || method[1] != 0 {
		return nil, errCRAM
	}
	switch method[0] {
	case 0:
	case 1:
		var err error
		if data, err = gunzip(data, maxHeader); err != nil {
			return nil, err
		}
	default:
		return nil, errCRAM
	}
	if int64(len(data)) != size {
		return nil, errCRAM
	}
	c = &cursor{b: data}
	text := c.take(int64(c.u32()))
	if c.bad {
		return nil, errCRAM
	}
	return text, nil
}

// itf8 reads a 32-bit number of one to five bytes: the first byte's leading ones say how many follow.
func (c *cursor) itf8() int64 {
	first := c.take(1)
	if c.bad {
		return 0
	}
	more := 0
	for bit := byte(0x80); more < 4 && first[0]&bit != 0; bit >>= 1 {
		more++
	}
	rest := c.take(int64(more))
	if c.bad {
		return 0
	}
	if more == 4 { // only four bits of the last byte count
		v := uint32(first[0]&0x0f)<<28 | uint32(rest[0])<<20 | uint32(rest[1])<<12 | uint32(rest[2])<<4 |
			uint32(rest[3]&0x0f)
		return int64(int32(v)) //nolint:gosec // it is two's complement
	}
	v := int64(first[0] & (0xff >> (more + 1)))
	for _, b := range rest {
		v = v<<8 | int64(b)
	}
	return v
}

// ltf8 passes over a 64-bit number of one to nine bytes.
func (c *cursor) ltf8() {
	first := c.take(1)
	if c.bad {
		return
	}
	more := 0
	for bit := byte(0x80); more < 8 && first[0]&bit != 0; bit >>= 1 {
		more++
	}
	c.take(int64(more))
}
