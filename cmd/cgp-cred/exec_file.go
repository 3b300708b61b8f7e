package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"cgp-cred/helper"
	"cgp-cred/helper/renew"
	"cgp-cred/keystore/await"
)

// makeTokenFolder makes the folder of a token file.
func makeTokenFolder(h *helper.Helper, o execOptions) (string, error) {
	if o.htslib && strings.Contains(o.tokenDir, "%h") {
		return "", usage("name another --token-dir", "htslib would put the host's name in the place of %%h in %s", quoted(o.tokenDir))
	}
	folder, err := renew.Folder(h.Folders, o.tokenDir)
	if err != nil {
		return "", fmt.Errorf("making a folder for the token file: %w", err)
	}
	return folder, nil
}

// removeTokenFolder removes the folder with all that is in it.
func (a *app) removeTokenFolder(folder string) {
	if err := os.RemoveAll(folder); err != nil {
		a.warn("the folder of the token file remains: " + err.Error())
	}
}

// startFile gets the first token and writes its file. A signal meanwhile ends it: the command has not been started.
func startFile(ctx context.Context, o renew.Options, signals *caughtSignals) (*renew.File, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	started := await.Start(func() (*renew.File, error) { return renew.Start(ctx, o) })
	select {
	case got := <-started:
		return got.Value, got.Err
	case s := <-signals.arrived:
		stop()
		got := <-started
		if got.Value != nil {
			_ = got.Value.Close() // its folder goes in any case
		}
		return nil, endedBy(s)
	}
}
