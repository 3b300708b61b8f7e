package viewer

import (
	"path"
	"strings"
)

// The types of files that a browser runs.
const (
	html       = "text/html; charset=utf-8"
	javascript = "text/javascript; charset=utf-8"
	css        = "text/css; charset=utf-8"
	jsonType   = "application/json"
	wasm       = "application/wasm"
	svg        = "image/svg+xml"
	xml        = "application/xml"
	xhtml      = "application/xhtml+xml"
	pdf        = "application/pdf"
)

// typeOf returns the type of a file by its name. It does not ask the system: on Windows another program may have said
// that .js is text.
func typeOf(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return html
	case ".js", ".mjs", ".cjs":
		return javascript
	case ".css":
		return css
	case ".json", ".map", ".webmanifest", ".geojson", ".jsonld":
		return jsonType
	case ".wasm":
		return wasm
	case ".svg":
		return svg
	case ".xml", ".xsl", ".xslt":
		return xml
	case ".xhtml", ".xht":
		return xhtml
	case ".pdf":
		return pdf
	case ".txt", ".md", ".csv", ".tsv", ".log", ".yaml", ".yml",
		".bed", ".bedgraph", ".gff", ".gff3", ".gtf", ".wig", ".seg", ".fai":
		return "text/plain; charset=utf-8"
	}
	if kind := mediaType(name); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// mediaType returns the type of a picture, a font, or a file of GA4GH's.
func mediaType(name string) string {
	switch ext := strings.TrimPrefix(strings.ToLower(path.Ext(name)), "."); ext {
	case "png", "gif", "webp", "avif":
		return "image/" + ext
	case "jpg", "jpeg":
		return "image/jpeg"
	case "ico":
		return "image/x-icon"
	case "woff", "woff2", "ttf", "otf":
		return "font/" + ext
	case "gz", "bgz", "tgz":
		return "application/gzip"
	case "zip":
		return "application/zip"
	case "bam", "cram", "bcf":
		return "application/vnd.ga4gh." + ext
	case "sam", "vcf":
		return "text/vnd.ga4gh." + ext
	case "fa", "fasta", "fna":
		return "text/x-fasta"
	}
	return ""
}

// runs reports whether a browser may run a file of a type, or take instructions from it.
func runs(kind string) bool {
	switch kind {
	case html, javascript, css, wasm, svg, xml, xhtml, pdf, jsonType:
		return true
	}
	return false
}
