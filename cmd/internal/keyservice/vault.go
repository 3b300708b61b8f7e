package keyservice

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Vault looks like the transit engine at transit/ and the KV engine, version 2, at secret/, for requests with a token.
type Vault struct {
	Token   string
	Transit http.Handler // the real engine; nil: a look-alike

	mu        sync.Mutex
	overtaken bool
	keys      map[string][]*rsa.PrivateKey // by name; the versions
	made      int
	records   map[string][]any // by path; the versions, nil if one is deleted
}

// SetOvertaken makes another machine write each record that is read.
func (v *Vault) SetOvertaken(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.overtaken = on
}

func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Vault-Token") != v.Token {
		refuse(w, http.StatusForbidden, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys == nil {
		v.keys, v.records = map[string][]*rsa.PrivateKey{}, map[string][]any{}
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	engine, rest, _ := strings.Cut(path, "/")
	verb, name, _ := strings.Cut(rest, "/")
	switch {
	case engine == "transit" && v.Transit != nil:
		v.Transit.ServeHTTP(w, r)
	case engine == "transit" && verb == "keys":
		v.transitKey(w, r, name)
	case engine == "transit" && verb == "sign" && r.Method == http.MethodPost:
		v.transitSign(w, r, name)
	case engine == "secret" && verb == "data":
		v.data(w, r, name)
	case engine == "secret" && verb == "metadata" && r.Method == http.MethodDelete:
		delete(v.records, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusNotFound, fmt.Sprintf("no handler for route %q. route entry not found.", path))
	}
}

func refuse(w http.ResponseWriter, status int, words ...string) {
	if words == nil {
		words = []string{}
	}
	reply(w, status, object{"errors": words})
}

// transitKey makes, rotates and reads a key.
func (v *Vault) transitKey(w http.ResponseWriter, r *http.Request, name string) {
	var in struct{ Type string }
	name, rotate := strings.CutSuffix(name, "/rotate")
	versions := v.keys[name]
	switch {
	case r.Method == http.MethodPost:
		bits := 0
		if rotate && len(versions) > 0 {
			bits = versions[0].N.BitLen()
		} else if err := body(r, &in); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		if size, ok := strings.CutPrefix(in.Type, "rsa-"); ok {
			bits, _ = strconv.Atoi(size)
		}
		if bits == 0 {
			refuse(w, http.StatusBadRequest, "unknown key type "+in.Type)
			return
		}
		v.keys[name] = append(versions, key(bits, v.made))
		v.made++
		w.WriteHeader(http.StatusNoContent)
	case len(versions) == 0:
		refuse(w, http.StatusNotFound)
	default:
		all := object{}
		for i, k := range versions {
			text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der(k)})
			all[strconv.Itoa(i+1)] = object{"name": in.Type, "public_key": string(text)}
		}
		reply(w, http.StatusOK, object{"data": object{"name": name, "latest_version": len(versions), "keys": all}})
	}
}

// transitSign signs only what is asked for as it should be: without its arguments Vault signs with PSS, and hashes.
func (v *Vault) transitSign(w http.ResponseWriter, r *http.Request, name string) {
	var in struct {
		Input              string `json:"input"`
		Prehashed          bool   `json:"prehashed"`
		HashAlgorithm      string `json:"hash_algorithm"`
		SignatureAlgorithm string `json:"signature_algorithm"`
		Version            int    `json:"key_version"`
	}
	err := body(r, &in)
	versions := v.keys[name]
	if in.Version == 0 {
		in.Version = len(versions)
	}
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
	case len(versions) == 0:
		refuse(w, http.StatusBadRequest, "signing key not found")
	case in.Version < 1 || in.Version > len(versions):
		refuse(w, http.StatusBadRequest, "cannot sign with this version")
	case !in.Prehashed || in.HashAlgorithm != "sha2-512" || in.SignatureAlgorithm != "pkcs1v15":
		refuse(w, http.StatusBadRequest, "not RS512 of a digest")
	default:
		signature, err := sign(versions[in.Version-1], base64.StdEncoding, in.Input)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		text := fmt.Sprintf("vault:v%d:%s", in.Version, base64.StdEncoding.EncodeToString(signature))
		reply(w, http.StatusOK, object{"data": object{"signature": text, "key_version": in.Version}})
	}
}

// data reads, writes and deletes a record. A write without check-and-set is refused, as with cas_required.
func (v *Vault) data(w http.ResponseWriter, r *http.Request, path string) {
	versions := v.records[path]
	metadata := object{"version": len(versions), "destroyed": false, "deletion_time": ""}
	switch r.Method {
	case http.MethodGet:
		if v.overtaken && len(versions) > 0 {
			defer func() { v.records[path] = append(versions, versions[len(versions)-1]) }()
		}
		switch {
		case len(versions) == 0:
			refuse(w, http.StatusNotFound)
		case versions[len(versions)-1] == nil:
			metadata["deletion_time"] = "2026-11-29T00:00:00Z"
			reply(w, http.StatusNotFound, object{"data": object{"data": nil, "metadata": metadata}})
		default:
			reply(w, http.StatusOK, object{"data": object{"data": versions[len(versions)-1], "metadata": metadata}})
		}
	case http.MethodPost:
		var in struct {
			Options struct{ CAS *int }
			Data    map[string]string
		}
		switch err := body(r, &in); {
		case err != nil:
			refuse(w, http.StatusBadRequest, err.Error())
		case in.Options.CAS == nil:
			refuse(w, http.StatusBadRequest, "check-and-set parameter required for this call")
		case *in.Options.CAS != len(versions):
			refuse(w, http.StatusBadRequest, "check-and-set parameter did not match the current version")
		default:
			v.records[path] = append(versions, in.Data)
			reply(w, http.StatusOK, object{"data": object{"version": len(versions) + 1}})
		}
	case http.MethodDelete:
		v.records[path] = append(versions[:len(versions)-1:len(versions)-1], nil)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed)
	}
}
