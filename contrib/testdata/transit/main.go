// Transit serves the real transit engine of Vault, in memory, over http on a free port of this machine. It prints the
// address. make fleet builds it: tests run contrib/vault-sign against it. It asks for no token.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/sdk/framework"
	"github.com/hashicorp/vault/sdk/logical"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	storage := new(logical.InmemStorage)
	config := &logical.BackendConfig{
		StorageView: storage,
		System:      &logical.StaticSystemView{DefaultLeaseTTLVal: time.Hour, MaxLeaseTTLVal: time.Hour},
	}
	backend, err := transit.Backend(context.Background(), config)
	if err != nil {
		return err
	}
	for _, p := range backend.Paths { // Setup demands a check of each, and only Vault's core would call it
		if p.ExistenceCheck == nil {
			p.ExistenceCheck = func(context.Context, *logical.Request, *framework.FieldData) (bool, error) {
				return true, nil
			}
		}
	}
	if err := backend.Setup(context.Background(), config); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, &server{backend.Backend, storage})
}

type server struct {
	backend *framework.Backend
	storage logical.Storage
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data := map[string]any{}
	operation := logical.Operation(logical.ReadOperation)
	if r.Method == http.MethodPost {
		operation = logical.UpdateOperation
		if err := json.NewDecoder(r.Body).Decode(&data); err != nil && r.ContentLength > 0 {
			refuse(w, err)
			return
		}
	}
	request := &logical.Request{
		Operation: operation, Path: strings.TrimPrefix(r.URL.Path, "/v1/transit/"), Data: data, Storage: s.storage,
	}
	response, err := s.backend.HandleRequest(r.Context(), request)
	switch {
	case response.IsError():
		refuse(w, response.Error())
	case err != nil:
		refuse(w, err)
	case response == nil && operation == logical.ReadOperation:
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprintln(w, `{"errors":[]}`)
	case response == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"data": response.Data})
	}
}

func refuse(w http.ResponseWriter, err error) {
	if err == nil {
		err = errors.New("unknown")
	}
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{err.Error()}})
}
