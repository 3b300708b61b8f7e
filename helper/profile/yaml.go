package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode reads one YAML document into v and refuses keys that v does not have. Errors name file and line.
func decode(file string, raw []byte, v fields) error {
	if readPlain(raw, v) {
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	d.KnownFields(true)
	err := d.Decode(v)
	if err == nil {
		err = d.Decode(new(yaml.Node))
		if err == nil {
			return badFile(file, "it has more than one YAML document")
		}
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return yamlError(file, err)
}

// yamlError puts the line that the YAML library names behind the file's name, where editors look for it.
func yamlError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var typed *yaml.TypeError
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		text = typed.Errors[0]
	}
	var line int
	if n, serr := fmt.Sscanf(text, "line %d: ", &line); serr == nil && n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	if key, _, ok := strings.Cut(text, " not found in type"); ok {
		text = fmt.Sprintf("unknown key %q", strings.TrimPrefix(key, "field "))
	} else if strings.HasPrefix(text, "cannot unmarshal") {
		text = "a value is not plain text"
	}
	return badLine(file, line, "%s", text)
}

// encode writes v as YAML.
func encode(v any) ([]byte, error) {
	raw, err := yaml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return raw, nil
}
