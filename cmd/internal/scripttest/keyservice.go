package scripttest

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/cmd/internal/keyservice"
	"cgp-cred/keystore/keystoretest"
)

// serviceLog has a line for each request.
const serviceLog = "key-service.log"

const serviceUsage = "usage: key-service vault | key-service aws|azure BITS | key-service google ALGORITHM, " +
	"then: key-service fault NAME|none|overtaken, key-service stop"

// key-service KIND starts a look-alike of a service with keys, and sets the variables of its clients. "key-service
// fault NAME" changes what it answers, "key-service stop" ends it.
func keyService(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf(serviceUsage)
	}
	u := of(ts)
	switch kind := strings.Join(args, " "); {
	case kind == "stop" && u.service != nil:
		u.service.stop()
	case args[0] == "fault" && len(args) == 2 && u.service != nil:
		u.service.setFault(ts, args[1])
	case kind == "vault":
		const token = "hvs.token-of-this-test"
		u.service = serveKeys(ts, &keyservice.Vault{Token: token, Transit: transitEngine(ts)})
		ts.Setenv("VAULT_ADDR", u.service.server.URL)
		ts.Check(os.WriteFile(ts.MkAbs("vault-token"), []byte(token+"\n"), 0o600))
	case args[0] == "aws" && len(args) == 2:
		const region = "eu-west-2"
		bits, err := strconv.Atoi(args[1])
		ts.Check(err)
		u.service = serveKeys(ts, &keyservice.AWS{
			AccessKey: "AKIDEXAMPLE", Region: region, Key: keystoretest.Key(bits, 0),
		})
		ts.Setenv("AWS_ENDPOINT_URL_KMS", u.service.server.URL)
		ts.Setenv("AWS_DEFAULT_REGION", region)
		ts.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
		ts.Setenv("AWS_SECRET_ACCESS_KEY", "secret-access-key-of-this-test")
	case args[0] == "azure" && len(args) == 2:
		bits, err := strconv.Atoi(args[1])
		ts.Check(err)
		u.service = serveKeys(ts, &keyservice.Azure{Token: accessToken(ts), Key: keystoretest.Key(bits, 0)})
		ts.Setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", u.service.server.URL)
	case args[0] == "google" && len(args) == 2:
		u.service = serveKeys(ts, &keyservice.Google{
			Token: accessToken(ts), Algorithm: args[1], Key: keystoretest.Key(4096, 0),
		})
		ts.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(u.service.server.URL, "http://"))
		ts.Setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", u.service.server.URL+"/")
	default:
		ts.Fatalf(serviceUsage)
	}
	if u.service != nil {
		ts.Setenv("SERVICE", u.service.server.URL)
	}
}

// accessToken writes a cloud's access token to the file access-token.
func accessToken(ts *testscript.TestScript) string {
	const token = "ya29.access-token_of-this-test"
	ts.Check(os.WriteFile(ts.MkAbs("access-token"), []byte(token+"\n"), 0o600))
	return token
}

// keyServer is a look-alike that serves next to the script.
type keyServer struct {
	service *keyservice.Service
	server  *httptest.Server
	log     *os.File
}

func serveKeys(ts *testscript.TestScript, handler http.Handler) *keyServer {
	log, err := os.Create(ts.MkAbs(serviceLog))
	ts.Check(err)
	s := &keyServer{service: &keyservice.Service{Handler: handler, Log: log}, log: log}
	s.server = httptest.NewServer(s.service)
	ts.Defer(s.stop)
	return s
}

// stop closes the port: the next connection is refused.
func (s *keyServer) stop() {
	s.server.CloseClientConnections()
	s.server.Close()
	_ = s.log.Close()
}

func (s *keyServer) setFault(ts *testscript.TestScript, name string) {
	vault, isVault := s.service.Handler.(*keyservice.Vault)
	if isVault {
		vault.SetOvertaken(name == "overtaken")
	}
	if name == "none" || name == "overtaken" && isVault {
		name = ""
	}
	ts.Check(s.service.SetFault(name))
}

// transitEngine returns the real transit engine, which make fleet builds into .tools, or nil for a look-alike.
func transitEngine(ts *testscript.TestScript) http.Handler {
	if os.Getenv("CGP_CRED_FLEET_TESTS") != "1" {
		return nil
	}
	cmd := command(ts, filepath.Join(of(ts).repository, ".tools", "transit"))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	return httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: strings.TrimSpace(address)})
}
