package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/spf13/pflag"

	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve"
	"cgp-cred/helper/serve/browser"
	"cgp-cred/helper/serve/viewer"
	"cgp-cred/keystore/disk"
)

// pageOptions says which pages are served next to the API.
type pageOptions struct {
	root      string
	igv       bool
	loads     []string
	reference string
	locus     string
	open      bool
}

func (o *pageOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.root, "root", "", "serve the files of folder `DIR` too, for your own viewer")
	f.BoolVar(&o.igv, "igv", false, "serve a page with igv.js, from DIR or an npm install")
	f.StringArrayVar(&o.loads, "load", nil, "`URL` of a file, or of htsget, to draw in igv.js (repeatable)")
	f.StringVar(&o.reference, "reference", "", "igv.js's reference: a FASTA `FILE`, its URL, or a name such as hg38")
	f.StringVar(&o.locus, "locus", "", "`PLACE` that igv.js shows first, such as chr1:1000-2000")
	f.BoolVar(&o.open, "open", false, "open the page in your browser")
}

// complete checks the options, and adds what they imply.
func (o *pageOptions) complete() error {
	o.igv = o.igv || len(o.loads) > 0 || o.reference != "" || o.locus != ""
	if o.open && !o.igv && o.root == "" {
		return usage("cgp-cred serve --igv --open", "--open: there is no page without --igv or --root")
	}
	return nil
}

// page returns the path of the page that a person opens.
func (o *pageOptions) page() string {
	if o.igv {
		return viewer.Page
	}
	return viewer.Files
}

// addPages adds pages to a server.
func (a *app) addPages(ctx context.Context, o *pageOptions, p *profile.Profile, to *serve.Options) error {
	if o.root == "" && !o.igv {
		return nil
	}
	v := viewer.Options{Warn: a.warn}
	if o.root != "" {
		var err error
		if v.Folder, err = folder(o.root); err != nil {
			return err
		}
	}
	if o.igv {
		library, err := viewer.FindLibrary(ctx, o.root)
		if err != nil {
			return err
		}
		api := viewer.API{Scheme: to.Scheme, Host: p.Host, Name: p.APIName, Covers: p.Covers}
		start := viewer.Start{Reference: o.reference, Lines: o.loads, Locus: o.locus}
		if v.IGV, err = viewer.NewIGV(api, library, start); err != nil {
			return err
		}
		if hosts := v.IGV.Asks(); hosts != "" {
			a.warn("for the reference the page asks the Internet, and not only the API: " + hosts)
		}
	}
	to.Page = o.page()
	to.Pages = func(s *serve.Server) http.Handler { return v.Handler(s.Place().BaseURL) }
	return nil
}

// folder opens the folder of --root.
func folder(path string) (*disk.Tree, error) {
	tree, err := disk.OpenTree(path)
	if err != nil {
		return nil, err
	}
	private := []string{os.TempDir()}
	if home, err := os.UserHomeDir(); err == nil {
		private = append(private, home)
	}
	own, err := disk.UserFolders()
	if err != nil && !errors.Is(err, disk.ErrNoHome) {
		return nil, err
	}
	private = append(private, own.Config, own.State, own.Data, own.Runtime)
	return tree, viewer.CheckFolder(tree, private...)
}

// showPage opens the page in the browser.
func (a *app) showPage(ctx context.Context, s *serve.Server, o *pageOptions) {
	err := browser.Open(ctx, s.Once(o.page()))
	if err == nil {
		return
	}
	what := "open page_url of the JSON line"
	if isTerminal(a.stdout) {
		what = "open the page's address above"
	}
	if errors.Is(err, browser.ErrNoDisplay) && os.Getenv("SSH_CONNECTION") != "" {
		what += ", on your own machine after ssh -L with the same port"
	}
	a.warn("no browser was opened: " + err.Error() + ": " + what)
}
