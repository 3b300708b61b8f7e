package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cgp-cred/helper/serve"
)

// proxyMark is what stands for the server's address in a command's arguments, unless the user chose another text.
const proxyMark = "{}"

// execWithProxy runs a command, and for as long a server that adds the credential to its requests.
func (a *app) execWithProxy(ctx context.Context, o execOptions, c *child) error {
	signals := catchSignals()
	defer signals.release()
	s, err := startUnlessEnded(ctx, signals, endsStart, func(ctx context.Context) (*serve.Server, error) {
		return a.startServer(ctx, &serveOptions{profile: o.profile})
	})
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // the command's status counts
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case err := <-s.Failed():
			a.warnAgain("the server of the running command has ended, and each of its requests fails: " + err.Error())
		case <-ended:
		}
	}()
	c.callDirectly("127.0.0.1")
	place := s.Place()
	c.set("CGP_PROXY", place.BaseURL)
	if place.TokenURL != "" {
		c.set("CGP_TOKEN_URL", place.TokenURL)
		c.set("CGP_CLIENT_ID", place.ClientID)
		c.set("CGP_CLIENT_SECRET", place.ClientSecret)
	}
	c.replace(o.mark, place.BaseURL)
	return c.run(signals)
}

// replace puts a text in place of each mark in the command's arguments. An empty mark stands nowhere.
func (c *child) replace(mark, text string) {
	if mark == "" {
		return
	}
	c.args = slices.Clone(c.args)
	for i := range c.args[1:] {
		c.args[i+1] = strings.ReplaceAll(c.args[i+1], mark, text)
	}
}

// callDirectly keeps a command from calling a host through a proxy that variables name: it would get the secret in the
// path. Without such a variable nothing is changed: some programs leave out the system's proxy if there is NO_PROXY.
//
// Programs read NO_PROXY, no_proxy or both, in different orders. The value * means that no proxy is used, but not all
// programs know it: the variables that name proxies are taken out.
func (c *child) callDirectly(host string) {
	const upper, lower = "NO_PROXY", "no_proxy"
	var proxies []string
	except := map[string]string{}
	for _, v := range c.env {
		name := variableName(v)
		_, value, _ := strings.Cut(v, "=")
		switch strings.ToLower(name) {
		case lower:
			except[name] = strings.TrimSpace(value)
		case "http_proxy", "https_proxy", "all_proxy":
			if value != "" {
				proxies = append(proxies, name)
			}
		}
	}
	switch {
	case len(proxies) == 0:
	case except[upper] == "*" || except[lower] == "*":
		c.unset(proxies...)
	default:
		c.set(upper, listWith(cmp.Or(except[upper], except[lower]), host))
		c.set(lower, listWith(cmp.Or(except[lower], except[upper]), host))
	}
}

// listWith adds one to a list with commas.
func listWith(list, one string) string {
	if list == "" || slices.Contains(strings.Split(list, ","), one) {
		return cmp.Or(list, one)
	}
	return strings.TrimSuffix(list, ",") + "," + one
}
