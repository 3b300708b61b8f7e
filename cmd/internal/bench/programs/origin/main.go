// Command origin is an API over TLS and HTTP/2 that sends bytes: GET /bytes?n=COUNT. It writes its certificate to a
// file, and its host and port to stdout.
//
//	usage: origin CERTIFICATE
package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
)

func main() {
	api := httptest.NewUnstartedServer(http.HandlerFunc(send))
	api.EnableHTTP2 = true
	api.StartTLS()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})
	if err := os.WriteFile(os.Args[1], certificate, 0o600); err != nil {
		panic(err)
	}
	fmt.Println(strings.TrimPrefix(api.URL, "https://"))
	select {}
}

func send(w http.ResponseWriter, r *http.Request) {
	left, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(left))
	for part := make([]byte, 64<<10); left > 0 && err == nil; left -= len(part) {
		_, err = w.Write(part[:min(left, len(part))])
	}
}
