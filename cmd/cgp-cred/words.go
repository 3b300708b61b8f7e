package main

import (
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cgp-cred/keystore/text"
)

// cleanWords reads the arguments and flags of a command as text that people hand over: a script with Windows line ends
// adds a carriage return to the last word of each line. Of arguments, which can be names of files, it only takes off
// what is around them. The command of exec stays as it is.
func cleanWords(cmd *cobra.Command, args []string) error {
	if cmd.DisableFlagParsing {
		return nil
	}
	own := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 && cmd.Name() == "exec" {
		own = args[:dash]
	}
	var err error
	for i := range own {
		if own[i], err = text.Line("argument", own[i], text.Path); err != nil {
			return err
		}
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() != "string" || err != nil {
			return
		}
		var value string
		if value, err = text.Line("--"+f.Name, f.Value.String(), flagKind(f.Name)); err == nil {
			err = f.Value.Set(value)
		}
	})
	return err
}

// flagKind says what kind of text a flag has.
func flagKind(name string) text.Kind {
	switch name {
	case "api-key-file", "private-key", "identity", "merge", "out", "ca-file", "passphrase-file", "jwks", "target",
		"python", "token-dir", "signer-command", "keystore-command":
		// Package program checks the words of commands, which no shell reads.
		return text.Path
	case "api-key":
		return text.APIKey
	case "kid":
		return text.KID
	case "host":
		return text.Host
	case "profile":
		return text.Profile
	case "token-url", "audience":
		return text.URL
	}
	return text.Other
}

// mistypedDash returns the error of a word that begins with a dash that a word processor changed, or nil.
func mistypedDash(words []string) error {
	for _, word := range words {
		if r, _ := utf8.DecodeRuneInString(word); r >= utf8.RuneSelf && text.Strange(r) {
			return usage("type it again: a flag begins with two ASCII dashes, --", "%s begins with %s", quoted(word),
				text.Describe(r))
		}
	}
	return nil
}
