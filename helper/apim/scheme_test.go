package apim_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
)

func TestSchemeOf(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	plain, secure := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	for _, s := range []*httptest.Server{plain, secure} {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		defer s.Close()
	}
	plain.Start()
	secure.StartTLS()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	port := secure.URL[strings.LastIndexByte(secure.URL, ':'):]
	for host, want := range map[string]string{
		"int.api.service.nhs.uk": "https", "192.0.2.1:80": "https", strings.TrimPrefix(plain.URL, "http://"): "http",
		strings.TrimPrefix(secure.URL, "https://"): "https", "localhost" + port: "https", closed.Addr().String(): "http",
	} {
		if got := apim.SchemeOf(t.Context(), host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
