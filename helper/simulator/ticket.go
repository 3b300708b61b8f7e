package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
)

// block is one part of what a ticket adds up to: a range of the file, or data in the ticket itself.
type block struct {
	from, to int64 // bytes of the file, to is not in it
	data     []byte
}

// layout is what a file's index says about a query: the header, and the blocks of the body.
type layout struct {
	header, body []block
}

type ticketURL struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Class   string            `json:"class"`
}

// ticket answers with the addresses of what a query asks for. If the index can't be read, it is the whole file.
func (s *Simulator) ticket(r *http.Request, i, index item, q htsgetQuery) answer {
	parts, refused := s.layout(i, index, q)
	if refused != nil {
		return refused.answer()
	}
	at, noHost := s.dataAt(r, i, true)
	if noHost != nil {
		return *noHost
	}
	urls := []ticketURL{}
	add := func(blocks []block, class string) {
		for _, b := range blocks {
			if b.data != nil || b.from < b.to {
				urls = append(urls, at.block(b, mimeOf(i.path), class))
			}
		}
	}
	add(parts.header, "header")
	add(parts.body, "body")
	return jsonAnswer(http.StatusOK, htsgetJSON, map[string]any{
		"htsget": map[string]any{"format": htsgetFormat(i.path), "urls": urls},
	})
}

// block returns the address of one block.
func (at address) block(b block, mime, class string) ticketURL {
	if b.data != nil {
		return ticketURL{URL: "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(b.data), Class: class}
	}
	headers := map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", b.from, b.to-1)}
	for _, h := range at.headers {
		headers[h[0]] = h[1]
	}
	return ticketURL{URL: at.url, Headers: headers, Class: class}
}

// layout looks up a query in the file and its index. If the index is of another file, it is the whole file.
func (s *Simulator) layout(i, index item, q htsgetQuery) (layout, *htsgetRefusal) {
	parts, refused := s.lookUp(i, index, q)
	outside := func(b block) bool { return b.from < 0 || b.to > i.size }
	if slices.ContainsFunc(parts.header, outside) || slices.ContainsFunc(parts.body, outside) {
		return whole(i), nil
	}
	return parts, refused
}

func (s *Simulator) lookUp(i, index item, q htsgetQuery) (layout, *htsgetRefusal) {
	f, err := s.library.open(i)
	if err != nil {
		return layout{}, &htsgetRefusal{htsgetNotFound, "the file can't be opened"}
	}
	defer func() { _ = f.Close() }()
	raw, err := s.readIndex(index)
	if err != nil {
		return whole(i), nil
	}
	if htsgetFormat(i.path) == "CRAM" {
		return cramLayout(f, i.size, raw, q)
	}
	return bgzfLayout(f, i, raw, q)
}

// whole is the layout of a file of which nothing is known.
func whole(i item) layout { return layout{body: []block{{to: i.size}}} }

// join sorts ranges, and makes one of those that touch or overlap.
func join(ranges []block) []block {
	slices.SortFunc(ranges, func(a, b block) int { return int(min(max(a.from-b.from, -1), 1)) })
	var out []block
	for _, b := range ranges {
		if n := len(out); n > 0 && b.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, b.to)
			continue
		}
		out = append(out, b)
	}
	return out
}
