package simulator

import (
	"bytes"
	"cmp"
	"slices"
)

// header is what the beginning of a BAM or VCF says.
type header struct {
	end     uint64   // the virtual offset after it
	names   []string // of the references, in the order of the index
	lengths []int64  // of the references; none if they are not known
}

// bgzfLayout looks up a query in a BAM or VCF and its index.
func bgzfLayout(f file, i item, raw []byte, q htsgetQuery) (layout, *htsgetRefusal) {
	x, err := parseIndex(raw)
	if err != nil {
		return whole(i), nil
	}
	read := readVCFHeader
	if htsgetFormat(i.path) == "BAM" {
		read = readBAMHeader
	}
	h, err := read(f, x)
	if err != nil {
		return whole(i), nil
	}
	head, err := between(f, 0, h.end)
	if err != nil {
		return whole(i), nil
	}
	eof := i.size - int64(len(endOfBGZF))
	end := block{data: endOfBGZF[:]}
	switch {
	case q.header:
		return layout{header: append(head, end)}, nil
	case q.regions == nil:
		body, err := between(f, h.end, uint64(max(eof, 0))<<16)
		if err != nil {
			return whole(i), nil
		}
		return layout{head, append(body, end)}, nil
	}
	chunks, refused := h.find(x, q.regions, eof)
	if refused != nil {
		return layout{}, refused
	}
	var body []block
	for _, c := range chunks {
		blocks, err := between(f, c.begin, c.end)
		if err != nil {
			return whole(i), nil
		}
		body = append(body, blocks...)
	}
	return layout{head, append(body, end)}, nil
}

// find returns the chunks of all regions, in the order of the file. Those close to each other become one: a request
// costs more than what is between them.
func (h header) find(x *binIndex, regions []region, eof int64) ([]chunk, *htsgetRefusal) {
	const near = 64 << 10
	var all []chunk
	for _, g := range regions {
		if g.reference == "*" {
			if _, last, ok := x.records(); ok {
				all = append(all, chunk{last, uint64(max(eof, 0)) << 16})
			}
			continue
		}
		n := slices.Index(h.names, g.reference)
		if n < 0 {
			return nil, &htsgetRefusal{htsgetNotFound, "the file has no such reference"}
		}
		if h.lengths != nil && g.start >= max(1, h.lengths[n]) {
			return nil, &htsgetRefusal{htsgetInvalidRange, "start is after the reference's end"}
		}
		end := g.end
		if end < 0 {
			end = 1 << 60
		}
		all = append(all, x.chunks(n, g.start, end)...)
	}
	slices.SortFunc(all, func(a, b chunk) int { return cmp.Compare(a.begin, b.begin) })
	var out []chunk
	for _, c := range all {
		if n := len(out); n > 0 && c.begin>>16 <= out[n-1].end>>16+near {
			out[n-1].end = max(out[n-1].end, c.end)
			continue
		}
		out = append(out, c)
	}
	return out, nil
}

func readBAMHeader(f file, _ *binIndex) (header, error) {
	var h header
	end, err := readHeader(f, func(data []byte, _ bool) (int, bool) { return h.parseBAM(data) })
	h.end = end
	return h, err
}

// parseBAM reads the references of a BAM, and returns how long its header is, or false if more data is needed.
func (h *header) parseBAM(data []byte) (int, bool) {
	h.names, h.lengths = nil, nil
	c := &cursor{b: data}
	if !bytes.Equal(c.take(4), []byte("BAM\x01")) {
		return 0, false
	}
	c.take(int64(c.u32()))
	for n := c.u32(); n > 0 && !c.bad; n-- {
		name := c.take(int64(c.u32()))
		h.names = append(h.names, string(bytes.TrimSuffix(name, []byte{0})))
		h.lengths = append(h.lengths, int64(c.u32()))
	}
	return len(data) - len(c.b), !c.bad
}

func readVCFHeader(f file, x *binIndex) (header, error) {
	n := 0 // what was looked at before
	end, err := readHeader(f, func(data []byte, last bool) (int, bool) {
		for n < len(data) && data[n] == '#' {
			line := bytes.IndexByte(data[n:], '\n')
			if line < 0 {
				return n, false
			}
			n += line + 1
		}
		return n, n < len(data) || last
	})
	return header{end: end, names: x.names}, err
}
