package main

import (
	"context"
	"slices"
	"strings"
)

// proxyMark is what stands for the server's address in a command's arguments.
const proxyMark = "{}"

// execWithProxy runs a command, and for as long a server that adds the credential to its requests.
func (a *app) execWithProxy(ctx context.Context, o execOptions, c *child) error {
	signals := catchSignals()
	defer signals.release()
	s, err := a.startServer(ctx, &serveOptions{profile: o.profile})
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // the command's status counts
	place := s.Place()
	c.set("CGP_PROXY", place.BaseURL)
	if place.TokenURL != "" {
		c.set("CGP_TOKEN_URL", place.TokenURL)
		c.set("CGP_CLIENT_ID", place.ClientID)
		c.set("CGP_CLIENT_SECRET", place.ClientSecret)
	}
	c.args = slices.Clone(c.args)
	for i := range c.args[1:] {
		c.args[i+1] = strings.ReplaceAll(c.args[i+1], proxyMark, place.BaseURL)
	}
	return c.run(signals)
}
