package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/profile"
)

// profileJSON is a profile as list prints it in JSON.
type profileJSON struct {
	Name     string `json:"name"`
	Host     string `json:"host"`
	APIName  string `json:"api_name"`
	Auth     string `json:"auth"`
	Keystore string `json:"keystore"`
	Default  bool   `json:"default"`
	Fleet    string `json:"fleet,omitempty"`

	SystemFile string `json:"system_file,omitempty"` // empty: the file is the user's
	ignored    string // the user's file of this name
}

func listCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List profiles (does not open the keychain)",
		Args:  words(0, 0),
		RunE:  func(*cobra.Command, []string) error { return a.list(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) list(asJSON bool) error {
	h, err := a.open()
	if err != nil {
		return err
	}
	profiles, err := h.Profiles()
	if err != nil {
		return err
	}
	def, err := h.Default()
	if err != nil {
		return err
	}
	all := []profileJSON{}
	for _, p := range profiles {
		all = append(all, newProfileJSON(h, p, def))
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(all)
	}
	if len(all) == 0 {
		a.say("no profiles exist yet in " + h.Config.Folder + ": cgp-cred store NAME --host HOST")
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	system := slices.ContainsFunc(all, func(l profileJSON) bool { return l.SystemFile != "" })
	line := func(columns ...string) {
		if !system {
			columns = columns[:4]
		}
		fmt.Fprintln(table, strings.Join(columns, "\t"))
	}
	line("PROFILE", "HOST", "METHOD", "DEFAULT", "SYSTEM FILE")
	for _, l := range all {
		line(l.Name, profile.Target(l.Host, l.APIName), l.Auth, mark(l.Default), l.SystemFile)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, l := range all {
		a.tellIgnored(l)
	}
	return nil
}

// tellIgnored warns of a user's file that a system profile takes the place of.
func (a *app) tellIgnored(l profileJSON) {
	if l.ignored != "" {
		a.warn(fmt.Sprintf("%s is not used: the system has a profile of this name, %s", l.ignored, l.SystemFile))
	}
}

func newProfileJSON(h *helper.Helper, p *profile.Profile, def string) profileJSON {
	j := profileJSON{
		Name: p.Name, Host: p.Host, APIName: p.APIName, Auth: p.Auth, Keystore: p.Keystore, Default: p.Name == def,
		Fleet: fleet.Shown(p.Fleet), ignored: h.Config.Ignored(p),
	}
	if p.System {
		j.SystemFile = p.File
	}
	return j
}

func mark(yes bool) string {
	if yes {
		return "*"
	}
	return ""
}
