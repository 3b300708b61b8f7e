package record

import (
	"bytes"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/privatekey"
	"cgp-cred/keystore/signer"
	"cgp-cred/keystore/text"
)

// Environment is a credential in a process's environment, for CI jobs and containers: a whole one, or it is an error.
// The keychain is not used.
type Environment struct {
	Host     string // as given
	APIName  string
	KID      string
	TokenURL string
	Audience string
	Fleet    string // URL of what the machines with this credential share; empty: nothing

	FleetGiven bool // a variable of its own has Fleet, and not the bundle

	apiKey     keystore.Secret
	privateKey keystore.Secret // PEM as given; zero: the API key is the credential
	bundle     *Record
}

// The variables with a credential. Each of those in secretNames can be given as a file: NAME_FILE.
const (
	envHost     = "CGP_CRED_HOST"
	envAPIKey   = "CGP_CRED_API_KEY" //nolint:gosec // a variable's name
	envKID      = "CGP_CRED_KID"
	envKey      = "CGP_CRED_PRIVATE_KEY"
	envTokenURL = "CGP_CRED_TOKEN_URL" //nolint:gosec // a variable's name
	envAudience = "CGP_CRED_AUDIENCE"
	envAPIName  = "CGP_CRED_API_NAME"
	envFleet    = "CGP_CRED_FLEET"
	envBundle   = "CGP_CRED_BUNDLE"
)

// bundlePrefix begins a bundle, and says its format.
const bundlePrefix = "cgpcred1."

// maxEnvironment limits a file that a variable names, in bytes.
const maxEnvironment = 64 << 10

// ReadEnvironment returns the credential in the environment, or nil if none of its variables is set. An empty variable
// counts as unset. The error of an incomplete set names the missing part.
func ReadEnvironment(getenv func(string) string) (*Environment, error) {
	e := &Environment{}
	for _, v := range []struct {
		name string
		kind text.Kind
		to   *string
	}{
		{envHost, text.Host, &e.Host},
		{envKID, text.KID, &e.KID},
		{envAPIName, text.Other, &e.APIName},
		{envTokenURL, text.URL, &e.TokenURL},
		{envAudience, text.URL, &e.Audience},
		{envFleet, text.URL, &e.Fleet},
	} {
		var err error
		if *v.to, err = text.Line(v.name, getenv(v.name), v.kind); err != nil {
			return nil, err
		}
	}
	e.FleetGiven = e.Fleet != ""
	given := map[string]keystore.Secret{}
	for _, name := range []string{envAPIKey, envKey, envBundle} {
		value, err := variable(getenv, name)
		if err != nil {
			return nil, err
		}
		given[name] = value
	}
	e.apiKey, e.privateKey = given[envAPIKey], given[envKey]
	parts := e.parts()
	if !given[envBundle].IsZero() {
		if parts != "" {
			return nil, keystore.BadValue(envBundle, "it holds a whole credential, and "+parts+" is set too",
				"unset one of them")
		}
		bundle, err := fromBundle(given[envBundle])
		if err == nil && e.Fleet != "" {
			bundle.Fleet, bundle.FleetGiven = e.Fleet, true
		}
		return bundle, err
	}
	if parts == "" {
		return nil, nil
	}
	return e, e.check()
}

// variable returns the secret in NAME, or in the file that NAME_FILE names.
func variable(getenv func(string) string, name string) (keystore.Secret, error) {
	value := getenv(name)
	file, err := text.Line(name+"_FILE", getenv(name+"_FILE"), text.Path)
	switch {
	case err != nil:
		return keystore.Secret{}, err
	case value != "" && file != "":
		return keystore.Secret{}, keystore.BadValue(name, name+"_FILE is set too", "unset one of them")
	case file == "":
		return secret(name, value)
	}
	raw, err := disk.ReadInput(file, maxEnvironment, keystore.InputWait)
	switch {
	case errors.Is(err, disk.ErrTooLong):
		return keystore.Secret{}, keystore.BadValue(name+"_FILE", "the file is over 64 KiB", fault.HintOf(err, ""))
	case err != nil:
		hint := fault.HintOf(err, "") + "\na value itself goes into " + name
		return keystore.Secret{}, keystore.BadValue(name+"_FILE", printable.NoFile(err), hint)
	}
	value = string(raw)
	clear(raw)
	out, err := secret(name+"_FILE", value)
	if err == nil && out.IsZero() {
		err = keystore.BadValue(name+"_FILE", "the file is empty", "check that it is the right file")
	}
	return out, err
}

// secret reads the value of a secret variable; input is its name, or that of the variable with its file.
func secret(input, value string) (keystore.Secret, error) {
	var err error
	switch {
	case strings.HasPrefix(input, envKey): // privatekey reads it, only if it is needed
		switch {
		case text.Empty(value):
			value = ""
		case strings.IndexByte(value, 0) < 0: // not UTF-16
			value = strings.TrimSpace(value)
		}
	case strings.HasPrefix(input, envBundle):
		value, err = text.Line(input, value, text.Bundle)
	default:
		value, err = text.Line(input, value, text.APIKey)
	}
	return keystore.NewSecret([]byte(value)), err
}

// EmptyVariables returns the variables of a credential that are set and empty: so a CI system gives secrets that a job
// may not have.
func EmptyVariables(lookup func(string) (string, bool)) (names []string) {
	for _, name := range []string{envBundle, envHost, envAPIKey, envKID, envKey} {
		for _, name := range []string{name, name + "_FILE"} {
			if value, set := lookup(name); set && text.Empty(value) {
				names = append(names, name)
			}
		}
	}
	return names
}

// SetButEmpty says that variables are set and empty.
func SetButEmpty(names []string) string {
	verb := " is"
	if len(names) > 1 {
		verb = " are"
	}
	return strings.Join(names, " and ") + verb + " set, but empty"
}

// HintEmpty says why a variable of a CI job may be empty, and what to do.
const HintEmpty = "CI systems give no secrets to jobs of forks and of Dependabot, and an empty variable for a " +
	"secret with another name: check the secret's name and the job's event, or skip this step there"

// parts returns the name of the first variable that is set, or "".
func (e *Environment) parts() string {
	for _, p := range []struct {
		name string
		set  bool
	}{
		{envHost, e.Host != ""},
		{envAPIKey, !e.apiKey.IsZero()},
		{envKID, e.KID != ""},
		{envKey, !e.privateKey.IsZero()},
		{envTokenURL, e.TokenURL != ""},
		{envAudience, e.Audience != ""},
		{envAPIName, e.APIName != ""},
	} {
		if p.set {
			return p.name
		}
	}
	return ""
}

// check returns an error that names what is missing: host and API key are always needed, kid and private key together.
func (e *Environment) check() error {
	var missing []string
	if e.Host == "" {
		missing = append(missing, envHost)
	}
	if e.apiKey.IsZero() {
		missing = append(missing, envAPIKey)
	}
	if e.KID == "" && !e.privateKey.IsZero() {
		missing = append(missing, envKID)
	}
	if e.KID != "" && e.privateKey.IsZero() {
		missing = append(missing, envKey)
	}
	if len(missing) > 0 {
		hint := ""
		if empty := EmptyVariables(os.LookupEnv); len(empty) > 0 {
			hint = SetButEmpty(empty) + ": " + HintEmpty + "\n"
		}
		return keystore.BadValue(
			e.parts(), "it is set, but not "+strings.Join(missing, " and "),
			hint+"set "+strings.Join(missing,
				" and ")+" too (secrets also as files: NAME_FILE), or unset every CGP_CRED_* variable of a credential",
		)
	}
	if problem := keystore.APIKeyProblem(string(e.apiKey.Reveal())); problem != "" {
		return keystore.BadValue(envAPIKey, problem, "give only the API key")
	}
	if isAPIKey(e.KID, e.apiKey) {
		return keystore.BadValue(envKID, kidIsAPIKey, "set it to the kid that the public key is registered under")
	}
	return nil
}

// Bundle returns a record as one line for a CI's secret store: [ReadEnvironment] reads it from CGP_CRED_BUNDLE. It
// fails if a key is outside the record.
func Bundle(r *Record) (keystore.Secret, error) {
	if k := r.externalKey(); k != nil {
		return keystore.Secret{}, signer.BadKey(
			fmt.Sprintf("%q is %s: it can't be copied from there", r.ShownKID(k), k.Signer.Where()),
			"make a separate key for the CI: cgp-cred keygen NAME --host HOST --kid NEWKID, register it too, then "+
				"cgp-cred export NAME",
		)
	}
	text, err := r.Encode()
	if err != nil {
		return keystore.Secret{}, err
	}
	return keystore.NewSecret([]byte(bundlePrefix + base64.RawURLEncoding.EncodeToString(text.Reveal()))), nil
}

func fromBundle(s keystore.Secret) (*Environment, error) {
	bad := func(problem string) error {
		return keystore.BadValue(envBundle, problem, "make it again: cgp-cred export PROFILE")
	}
	body, ok := strings.CutPrefix(string(s.Reveal()), bundlePrefix)
	if !ok {
		return nil, bad("it does not begin with " + bundlePrefix)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, bad("it was cut or changed")
	}
	r, err := Decode(keystore.NewSecret(raw))
	if errors.Is(err, keystore.ErrNewer) {
		return nil, keystore.BadValue(envBundle, "it was made by a newer cgp-cred", "update cgp-cred on this machine")
	}
	if err != nil {
		return nil, bad("it was cut or changed")
	}
	if r.externalKey() != nil { // a variable must not name a program to run
		return nil, bad("its private key is not in it")
	}
	return &Environment{
		Host: r.Host, APIName: r.APIName, TokenURL: r.TokenURL, Audience: r.Audience, Fleet: r.Fleet,
		apiKey: r.APIKey, privateKey: s, bundle: r,
	}, nil
}

// Auth returns the method that follows from what is given.
func (e *Environment) Auth() string {
	switch {
	case e.bundle != nil:
		return e.bundle.Auth
	case e.privateKey.IsZero():
		return APIKey
	}
	return JWT
}

// Record returns the credential as a record for host, the canonical form of the given one. If the private key can't be
// read, the error says what it is.
func (e *Environment) Record(host string) (*Record, error) {
	if e.bundle != nil {
		r := *e.bundle
		r.Host, r.Variables = host, true
		return &r, nil
	}
	r := &Record{
		Rev: "environment", Variables: true, Host: host, APIName: e.APIName, Auth: e.Auth(), APIKey: e.apiKey,
		TokenURL: e.TokenURL, Audience: e.Audience,
	}
	if e.privateKey.IsZero() {
		return r, nil
	}
	key, err := privatekey.Parse(e.privateKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", envKey, err)
	}
	r.Key = &Key{KID: e.KID, Signer: key}
	return r, nil
}

// SealingKey derives 32 bytes from the secrets themselves (RFC 5869). A process without them, such as the next job of a
// shared runner, can neither find nor open what is cached for them. It is nil in the FIPS 140-only mode, which has no
// cipher for sealing and derives no key from short secrets.
func (e *Environment) SealingKey() []byte {
	if fips140.Enforced() {
		return nil
	}
	secret := bytes.Join([][]byte{e.apiKey.Reveal(), e.privateKey.Reveal()}, []byte{0})
	key, err := hkdf.Key(sha256.New, secret, nil, "cgp-cred environment cache 1", 32)
	if err != nil { // only for a length of over 8160 bytes
		panic(err)
	}
	return key
}

// Fingerprint returns what decides, besides the secrets, which token is the right one.
func (e *Environment) Fingerprint() []byte {
	return fmt.Appendf(nil, "%q %q %q %q %q", e.Host, e.APIName, e.KID, e.TokenURL, e.Audience)
}
