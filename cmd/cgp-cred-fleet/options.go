package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base32"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/fleet"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/text"
)

// Variables that name files.
const (
	passwordFile         = "CGP_CRED_FLEET_PASSWORD_FILE"          // #nosec G101 -- a variable's name
	sentinelPasswordFile = "CGP_CRED_FLEET_SENTINEL_PASSWORD_FILE" // #nosec G101 -- a variable's name
	certFile             = "CGP_CRED_FLEET_CERT_FILE"
	keyFile              = "CGP_CRED_FLEET_KEY_FILE"
	caFile               = "CGP_CRED_CA_FILE"
)

const (
	dialTime = 2 * time.Second
	readTime = 2 * time.Second
	maxFile  = 64 << 10 // bytes of a file
	maxPass  = 512      // bytes of a password: a keychain keeps more, and a private key has more
)

// store is a store's address as its URL says.
type store struct {
	redis.UniversalOptions

	hosts string // user and addresses, which the password belongs to
}

// parse reads a URL. What it does not know itself the library reads.
func parse(given string) (*store, error) {
	if given == "" {
		return nil, fault.New(fault.Usage, "set "+fleet.URLVariable+" to redis://host:6379", "no store is named")
	}
	if err := fleet.CheckURL(given); err != nil {
		return nil, err
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, badURL(given, "it is not a redis:// or rediss:// URL")
	}
	q := u.Query()
	take := func(name string) string { value := q.Get(name); q.Del(name); return value }
	more := q["addr"]
	q.Del("addr")
	s := &store{}
	s.MasterName, s.SentinelUsername = take("master_name"), take("sentinel_username")
	switch cluster := take("cluster"); cluster {
	case "", "false":
	case "true":
		s.IsClusterMode = true
	default:
		return nil, badURL(given, "its cluster is neither true nor false")
	}
	u.RawQuery = q.Encode()
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, badURL(given, strings.TrimPrefix(err.Error(), "redis: "))
	}
	for _, addr := range more {
		if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
			return nil, badURL(given, "its addr is not HOST:PORT")
		}
	}
	s.Addrs = append([]string{o.Addr}, more...)
	s.settings(o)
	sorted := slices.Clone(s.Addrs)
	slices.Sort(sorted)
	s.hosts = fmt.Sprintf("%q %q %q", s.Username, s.MasterName, sorted)
	return s, nil
}

// settings takes the settings of the URL. One call is one connection, so nothing is kept ready. Identity and
// maintenance are commands that a narrow ACL does not allow.
func (s *store) settings(o *redis.Options) {
	s.Username, s.DB, s.TLSConfig, s.ClientName = o.Username, o.DB, o.TLSConfig, o.ClientName
	s.Protocol = cmp.Or(o.Protocol, 2)
	s.DialTimeout, s.ReadTimeout = cmp.Or(o.DialTimeout, dialTime), cmp.Or(o.ReadTimeout, readTime)
	s.WriteTimeout = cmp.Or(o.WriteTimeout, s.ReadTimeout)
	s.MaxRetries, s.DialerRetries = cmp.Or(o.MaxRetries, 1), 1
	s.MinRetryBackoff, s.MaxRetryBackoff = o.MinRetryBackoff, o.MaxRetryBackoff
	s.PoolSize, s.PipelinePoolSize, s.ContextTimeoutEnabled = 1, -1, true
	s.DisableIdentity = true
	s.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func badURL(given, problem string) error {
	return fault.New(fault.Usage, fleet.Companion+" --help",
		"store %s: %s", printable.Quote(fleet.Shown(given)), printable.Text(problem))
}

// secure reads the passwords, the roots and the client certificate.
func (s *store) secure(ctx context.Context) error {
	var err error
	if s.Password, err = filePassword(passwordFile); err != nil {
		return err
	}
	if s.SentinelPassword, err = filePassword(sentinelPasswordFile); err != nil {
		return err
	}
	if s.Password == "" && s.Username != "" {
		secret, err := keychain.New(keychain.Options{}).Get(ctx, s.account())
		if err != nil {
			return noPassword(s.Username, err)
		}
		s.Password = string(secret.Reveal())
	}
	if s.TLSConfig == nil {
		return nil
	}
	ca, err := path(caFile)
	if err != nil {
		return err
	}
	if s.TLSConfig.RootCAs, err = apim.Roots(ca); err != nil {
		return err
	}
	return s.clientCertificate()
}

func (s *store) clientCertificate() error {
	cert, err := read(certFile)
	if err != nil {
		return err
	}
	key, err := read(keyFile)
	if err != nil || cert == nil && key == nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	clear(key)
	if err != nil {
		return fault.New(fault.Usage, "name PEM files with "+certFile+" and "+keyFile,
			"the client certificate can't be used: %v", err)
	}
	s.TLSConfig.Certificates = []tls.Certificate{pair}
	return nil
}

// account is the password's name in the keychain. Another host, or another user, has another one.
func (s *store) account() string {
	sum := sha256.Sum256([]byte(s.hosts))
	return "fleet/" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

func noPassword(user string, err error) error {
	return fault.Wrap(fault.ClassOf(err), "store it: "+fleet.Companion+" password URL; or name a file with it: "+
		passwordFile, fmt.Sprintf("user %s of the store has no password here", printable.Quote(user)), err)
}

// path returns the file that a variable names, or "".
func path(variable string) (string, error) {
	return text.Line(variable, os.Getenv(variable), text.Path)
}

// read returns the file that a variable names, or nil.
func read(variable string) ([]byte, error) {
	file, err := path(variable)
	if err != nil || file == "" {
		return nil, err
	}
	raw, err := disk.ReadInput(file, maxFile, keystore.InputWait)
	if err != nil {
		return nil, fault.New(fault.Usage, fault.HintOf(err, "check the file that "+variable+" names"),
			"%s: %s", variable, printable.NoFile(err))
	}
	return raw, nil
}

// filePassword returns the password in the file that a variable names, or "".
func filePassword(variable string) (string, error) {
	raw, err := read(variable)
	if err != nil || raw == nil {
		return "", err
	}
	defer clear(raw)
	value, problem := onePassword(string(raw))
	if problem != "" {
		const hint = "put only the password into the file, in one line"
		return "", fault.New(fault.Usage, hint, "%s: %s", variable, problem)
	}
	return value, nil
}

// onePassword returns a password without the line end that editors add, and says what is wrong with it. Spaces are part
// of a password.
func onePassword(s string) (value, problem string) {
	value = strings.TrimPrefix(s, "\ufeff")
	value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	switch {
	case strings.TrimSpace(value) == "":
		return "", "the password is empty"
	case strings.ContainsAny(value, "\r\n\x00") || !utf8.ValidString(value):
		return "", "it is not one line of text"
	case len(value) > maxPass:
		return "", "it is longer than a password"
	}
	return value, ""
}
