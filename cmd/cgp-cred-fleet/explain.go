package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"cgp-cred/helper/fleet"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

const (
	hintPassword = "check the user in the URL and the password (" + passwordFile + ", or " + fleet.Companion +
		" password URL)"
	hintACL    = "give the user the ACL rule of docs/fleet-stores.md"
	hintReach  = "check the host and the port in the URL, and that the server runs and lets this machine in"
	hintCA     = "name a PEM file with the root of the server's certificate: " + caFile
	hintServer = "ask who runs the server"
)

// causes are the answers of servers, by what they begin with or hold.
var causes = []struct {
	text  string
	class fault.Class
	hint  string
}{
	{"WRONGPASS", fault.Refused, hintPassword},
	{"invalid password", fault.Refused, hintPassword},
	{
		"NOAUTH", fault.Refused,
		"name the user in the URL (redis://default@host for a server with one password); " + hintPassword,
	},
	{
		"without any password configured", fault.Refused,
		"leave the user out of the URL, or give the user a password on the server",
	},
	{"NOPERM", fault.Refused, hintACL},
	{"executing the script can't", fault.Refused, hintACL},
	{"unknown command", fault.Refused, hintACL},
	{"READONLY", fault.Refused, "name the primary in the URL, not a replica; with Sentinel: ?master_name=NAME"},
	{"MOVED", fault.Refused, "the server is in a cluster: add ?cluster=true to the URL"},
	{"CROSSSLOT", fault.Refused, "the server is in a cluster: add ?cluster=true to the URL"},
	{"cluster support disabled", fault.Refused, "the server is in no cluster: leave cluster and addr out of the URL"},
	{"DENIED", fault.Refused, "the server is in protected mode: give it a password"},
	{"DB index", fault.Refused, "name another database in the URL, for example redis://host:6379/0"},
	{"OOM", fault.Temporary, "the server's memory is full (maxmemory): " + hintServer},
	{"MISCONF", fault.Temporary, hintServer},
	{"LOADING", fault.Temporary, "the server has just started: try again"},
	{"MASTERDOWN", fault.Temporary, hintServer},
	{"CLUSTERDOWN", fault.Temporary, hintServer},
	{"NOREPLICAS", fault.Temporary, hintServer},
	{"BUSY", fault.Temporary, hintServer},
	{"max number of clients", fault.Temporary, "raise maxclients on the server"},
	{"all sentinels", fault.Network, hintReach},
	{"first record does not look like a TLS handshake", fault.Network, "the server has no TLS: redis:// in the URL"},
	{"certificate required", fault.Network, "name a client certificate: " + certFile + " and " + keyFile},
	{"can't parse", fault.Network, "the server does not speak Redis' protocol: check the port in the URL"},
	{"connection refused", fault.Network, hintReach},
	{"no such host", fault.Network, "check the host in the URL"},
}

// closed reports whether an error is that of a connection which the server has closed.
func closed(said string) bool {
	return strings.HasSuffix(said, "EOF") || strings.Contains(said, "reset by peer") ||
		strings.Contains(said, "broken pipe") || strings.Contains(said, "forcibly closed")
}

// explain returns the error of a call, with what to do about it. It repeats nothing that was sent.
func explain(s *store, err error) error {
	where := "store " + printable.Quote(strings.Join(s.Addrs, ","))
	class, hint := fault.Network, hintReach
	said := strings.TrimPrefix(err.Error(), "redis: ")
	var unknown x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unknown):
		hint = hintCA
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		class, said = fault.Temporary, "it did not answer in time"
		if s.TLSConfig != nil {
			hint = "if the server has no TLS: redis:// in the URL; " + hintReach
		}
	case closed(said):
		said = "it closed the connection"
		hint = "if the server has TLS: rediss:// in the URL; " + hintReach
		if s.TLSConfig != nil {
			hint = "if the server wants a client certificate: " + certFile + " and " + keyFile + "; " + hintReach
		}
	default:
		for _, c := range causes {
			if strings.Contains(said, c.text) {
				class, hint = c.class, c.hint
				break
			}
		}
	}
	if s.Password != "" {
		said = strings.ReplaceAll(said, s.Password, "[redacted]")
	}
	return fault.New(class, hint, "%s: %s", where, printable.Text(said))
}
