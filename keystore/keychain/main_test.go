package keychain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/security/securitytest"
)

// childVariable names the action of a test binary that was started by a test: godbus keeps one connection a process, so
// that each bus needs its own process.
const childVariable = "CGP_CRED_TEST_CHILD"

// macVariable names the program through which a child uses the keychain of macOS.
const macVariable = "CGP_CRED_TEST_SECURITY"

func TestMain(m *testing.M) {
	if securitytest.IsChild() {
		os.Exit(securitytest.Run())
	}
	if fake := os.Getenv(macVariable); fake != "" {
		keychain.UseSecurity(fake)
	}
	action := os.Getenv(childVariable)
	if action == "" {
		os.Exit(keystoretest.Main(m))
	}
	if listenAction(action) {
		return
	}
	if err := json.NewEncoder(os.Stdout).Encode(act(action)); err != nil {
		os.Exit(1)
	}
}

// result is what a child reports about its call.
type result struct {
	Class, Message, Hint string
	Value                string
	Waited               int
	Address              string // of the bus, afterwards
}

var classes = map[string]error{
	"not found": keystore.ErrNotFound, "locked": keystore.ErrLocked, "unavailable": keystore.ErrUnavailable,
	"denied":  keystore.ErrDenied,
	"too big": keystore.ErrTooBig, "timeout": keystore.ErrTimeout, "corrupt": keystore.ErrCorrupt,
	"newer":     keystore.ErrNewer,
	"cancelled": context.Canceled,
}

// act does one thing with the keychain, as a child.
func act(action string) (r result) {
	options := keychain.Options{Waiting: func() { r.Waited++ }}
	ks := keychain.New(options)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var err error
	switch action {
	case "get":
		var s keystore.Secret
		s, err = ks.Get(ctx, "int")
		r.Value = string(s.Reveal())
	case "set":
		err = ks.Set(ctx, "int", keystore.NewSecret([]byte("value")))
	case "delete":
		err = ks.Delete(ctx, "int")
	case "save":
		was := ""
		if old, err := record.Load(ctx, ks, "int"); err == nil {
			was = old.Rev
		}
		err = record.Save(ctx, ks, "int", was, keystoretest.Record())
	case "load":
		var rec *record.Record
		if rec, err = record.Load(ctx, ks, "int"); err == nil {
			r.Value = rec.Key.KID
			if want := keystoretest.Record(); !keystoretest.SameSigner(rec.Key.Signer, want.Key.Signer) ||
				!keystoretest.SameSigner(rec.Next.Signer, want.Next.Signer) {
				err = errors.New("other keys came back")
			}
		}
	case "twice":
		_, _ = ks.Get(ctx, "int")
		_, err = keychain.New(options).Get(ctx, "int/token")
	case "twice, later":
		_, _ = ks.Get(ctx, "int")
		time.Sleep(4 * time.Second)
		_, err = ks.Get(ctx, "int")
	case "cancel":
		time.AfterFunc(200*time.Millisecond, cancel)
		_, err = ks.Get(ctx, "int")
	default:
		err = fmt.Errorf("no action %q", action)
	}
	r.Address = os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if err == nil {
		r.Class = "ok"
		return r
	}
	r.Message = err.Error()
	for name, kind := range classes {
		if errors.Is(err, kind) {
			r.Class = name
		}
	}
	r.Hint = fault.HintOf(err, "")
	return r
}
