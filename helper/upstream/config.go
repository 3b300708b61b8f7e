// Package upstream reads the configuration file of the Clinical Genomics Platform's Python client, and the command
// line of the script get_nhs_oauth_token. It turns bytes and words into values, and opens no file.
package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/text"
)

// Config is what the client's configuration file says about credentials. Settings that are absent are empty.
type Config struct {
	Host    string // as apim.ParseHost returns it
	APIName string
	APIKey  keystore.Secret
	KID     string
	PEM     PEM
	Taken   []string // names of the settings that are used, sorted
	Ignored []string // names of the others, sorted
}

// Names of the settings that are used. The client's documentation and its scripts spell the last in two ways.
const (
	keyHost    = "api_host"
	keyAPIName = "api_name"
	keyAPIKey  = "api_key"
	keyKID     = "apim_kid"
	keyPEM     = "private_key_pem"
	keyPEMFile = "private_key_pem_file"
)

var (
	errTwoKeys = bad("keep the setting that belongs to the kid, and remove the other",
		"it differs from "+keyPEM)
	errNotText = bad(hintFile, "it is not plain text")
)

// ParseConfig reads a configuration file: one YAML mapping, or an empty file. It returns an error that names file and
// line if a value can't be used, a name occurs twice, or the two spellings of the private key have different values.
func ParseConfig(file string, raw []byte) (Config, error) {
	settings, err := decode(file, raw)
	if err != nil {
		return Config{}, err
	}
	var c Config
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !used(name) {
			c.Ignored = append(c.Ignored, name)
			continue
		}
		value, err := plainText(settings[name])
		if err == nil {
			if value, err = text.Line(name, value, kindOf(name)); err != nil {
				return Config{}, badConfig(file, settings[name].Line, fault.HintOf(err, hintFile), err.Error())
			}
		}
		if err == nil && value != "" {
			c.Taken = append(c.Taken, name)
			err = c.set(name, value)
		}
		if err != nil {
			return Config{}, badConfig(file, settings[name].Line, fault.HintOf(err, hintFile), name+": "+err.Error())
		}
	}
	return c, nil
}

func used(name string) bool {
	return slices.Contains([]string{keyHost, keyAPIName, keyAPIKey, keyKID, keyPEM, keyPEMFile}, name)
}

// set stores one setting, which is not empty.
func (c *Config) set(name, value string) (err error) {
	switch name {
	case keyHost:
		c.Host, err = apim.ParseHost(value)
	case keyAPIName:
		c.APIName = strings.Trim(value, "/")
		err = profile.CheckAPIName(c.APIName)
	case keyAPIKey:
		c.APIKey = keystore.NewSecret([]byte(value))
		err = keystore.CheckAPIKey(value)
	case keyKID:
		c.KID = value
	case keyPEM, keyPEMFile:
		p := newPEM(value)
		if !c.PEM.IsZero() && !c.PEM.equal(p) {
			return errTwoKeys
		}
		c.PEM = p
	}
	return err
}

// kindOf says what kind of text a setting is. A private key itself is read later.
func kindOf(name string) text.Kind {
	switch name {
	case keyHost:
		return text.Host
	case keyAPIKey:
		return text.APIKey
	case keyKID:
		return text.KID
	case keyPEM, keyPEMFile:
		return text.Path
	}
	return text.Other
}

// plainText returns a value as it is written; null is empty.
func plainText(n yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = *n.Alias
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", errNotText
	case n.Tag == "!!null":
		return "", nil
	}
	return n.Value, nil
}

// decode reads the mapping.
func decode(file string, raw []byte) (map[string]yaml.Node, error) {
	lines, err := text.Lines(file, raw)
	if err != nil {
		return nil, err
	}
	raw = []byte(lines)
	d := yaml.NewDecoder(bytes.NewReader(raw))
	var nodes map[string]yaml.Node
	err = d.Decode(&nodes)
	if err == nil && d.Decode(new(yaml.Node)) == nil {
		return nil, badConfig(file, 0, hintFile, "it has more than one YAML document")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(file, err, raw)
	}
	return nodes, nil
}

// yamlError returns an error that says in which line the YAML is wrong. It says why if it can do so without repeating
// any part of the file.
func yamlError(file string, err error, raw []byte) error {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	var typed *yaml.TypeError
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		problem = typed.Errors[0]
	}
	var line int
	if n, serr := fmt.Sscanf(problem, "line %d: ", &line); serr == nil && n == 1 {
		_, problem, _ = strings.Cut(problem, ": ")
	}
	switch {
	case strings.HasPrefix(problem, "cannot unmarshal"):
		problem = "it is not a list of settings, each a name, a colon, a space and a value"
	case strings.HasPrefix(problem, "mapping key "):
		problem = "a name occurs twice"
	case strings.Contains(problem, "tab character"):
		line, problem = tabLine(raw, line), "it is indented with a tab; YAML needs spaces"
	case strings.ContainsAny(problem, "'\"`"):
		problem = "it is not YAML"
	}
	return badConfig(file, line, hintFile, problem)
}

// tabLine returns the first line that is indented with a tab. The parser names the line before it.
func tabLine(raw []byte, fallback int) int {
	line := 0
	for whole := range bytes.Lines(raw) {
		line++
		if indent := whole[:len(whole)-len(bytes.TrimLeft(whole, " \t"))]; bytes.ContainsRune(indent, '\t') {
			return line
		}
	}
	return fallback
}
