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
		return "", usage("choose another --token-dir",
			"htslib would replace %%h in %s with the host's name", quoted(o.tokenDir))
	}
	folder, err := renew.Folder(h.Folders, o.tokenDir)
	if err != nil {
		return "", fmt.Errorf("making a folder for the token file: %w", err)
	}
	return folder, nil
}

// removeTokenFolder removes the folder and everything in it.
func (a *app) removeTokenFolder(folder string) {
	if err := os.RemoveAll(folder); err != nil {
		a.warn("the folder of the token file was not removed: " + err.Error())
	}
}

// startFile gets the first token and writes its file. A signal ends it, because the command has not started yet.
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
			_ = got.Value.Close() // its folder is removed in any case
		}
		return nil, endedBy(s)
	}
}
