package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
)

// needsToken refuses a profile without tokens: an API key does not expire, so it never goes to a file.
func needsToken(p *profile.Profile, hint string) error {
	if p.Auth == profile.JWT {
		return nil
	}
	return usage(hint, "a token file needs a token, and the method of profile %s is %s", quoted(p.Name), p.Auth)
}

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
	if err := disk.RemoveAll(folder); err != nil {
		a.warn("the folder of the token file was not removed: " + err.Error())
	}
}

// startFile gets the first token and writes its file. A signal for which ends returns true ends it.
func startFile(
	ctx context.Context, o renew.Options, signals *caughtSignals, ends func(os.Signal) bool,
) (*renew.File, error) {
	return startUnlessEnded(ctx, signals, ends, func(ctx context.Context) (*renew.File, error) {
		return renew.Start(ctx, o)
	})
}
