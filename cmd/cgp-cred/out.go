package main

import (
	"io/fs"

	"github.com/spf13/cobra"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// Modes of the files that --out writes.
const (
	modePublic fs.FileMode = 0o644 // public keys
	modeSecret fs.FileMode = 0o600
)

// result is where a command writes what it prints: stdout, or the file of --out. PowerShell's > writes UTF-16, and
// every > empties its file before the command has anything to write.
type result struct {
	name string // "-": stdout
	mode fs.FileMode
}

func (r *result) flag(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&r.name, "out", "-", "`FILE` to write "+what+" to, - for stdout")
}

// check fails if the file can't be written. It is called before the command changes anything.
func (r result) check() error {
	switch r.name {
	case "-":
		return nil
	case "":
		return usage("name a file, or - for stdout", "--out names no file")
	}
	return disk.CheckOutput(r.name)
}

// write writes the result. A file that can't be written is lost output, as stdout would be.
func (a *app) write(to result, data []byte) error {
	if to.name == "-" {
		_, err := a.stdout.Write(data)
		return err
	}
	if err := disk.WriteOutput(to.name, data, to.mode); err != nil {
		return fault.Wrap(fault.Output, fault.HintOf(err, ""), "can't write the output", err)
	}
	a.say("written to " + to.name)
	return nil
}
