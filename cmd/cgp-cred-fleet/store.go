package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"cgp-cred/helper/fleet"
	"cgp-cred/keystore/await"
)

// answerTime is how long one call may take: less than cgp-cred waits for it, so that the error is the server's.
const answerTime = 4 * time.Second

const (
	maxInput  = 64 << 10               // bytes of a value in base64
	maxTime   = 30 * 24 * 60 * 60      // seconds of a lease or a life
	prefix    = "cgp-cred:"            // of all keys
	checkName = "cgp-cred-fleet-check" // the name that a check uses
)

// The scripts use the server's clock only. A value is the time at which it was published, in milliseconds, a space, and
// the bytes. A key of another type holds nothing that cgp-cred wrote, and is overwritten; of one that is too long, the
// beginning is enough to see that.
var (
	lookScript = redis.NewScript(`
local v = redis.pcall('GET', KEYS[1])
if type(v) == 'table' then
  if v.err and not string.find(v.err, 'WRONGTYPE', 1, true) then return v end
  v = false
end
local t = redis.call('TIME')
return {string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000)), v and string.sub(v, 1, 32768)}`)

	leaseScript = redis.NewScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
local o = redis.pcall('GET', KEYS[1])
if type(o) == 'table' and o.err and not string.find(o.err, 'WRONGTYPE', 1, true) then return o end
if type(o) == 'string' and o ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

	releaseScript = redis.NewScript(`
local o = redis.pcall('GET', KEYS[1])
if o == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`)

	publishScript = redis.NewScript(`
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
redis.call('SET', KEYS[1], now .. ' ' .. ARGV[2], 'PX', ARGV[3])
local o = redis.pcall('GET', KEYS[2])
if o == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1`)
)

// valueKey and leaseKey are in one slot of a cluster: what is in braces decides.
func valueKey(name string) string { return prefix + "{" + name + "}:value" }
func leaseKey(name string) string { return prefix + "{" + name + "}:lease" }

// call is one command of the protocol.
type call struct {
	verb, name, owner string
	time              time.Duration
	value             []byte
}

// serve runs one command of the protocol.
func serve(ctx context.Context, verb string, args []string, stdin io.Reader, out io.Writer) (nothing bool, err error) {
	c, err := parseCall(verb, args)
	if err != nil {
		return false, err
	}
	s, err := parse(os.Getenv(fleet.URLVariable))
	if err != nil {
		return false, err
	}
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	if verb == "publish" {
		if c.value, err = readValue(ctx, stdin); err != nil {
			return false, err
		}
	}
	if err := s.secure(ctx); err != nil {
		return false, err
	}
	client := s.client()
	defer client.Close() //nolint:errcheck // the process ends
	age, value, nothing, err := c.do(ctx, client)
	if err != nil {
		return false, explain(s, err)
	}
	if len(value) > 0 {
		_, err = fmt.Fprintf(out, "%d %s\n", age.Milliseconds(), base64.StdEncoding.EncodeToString(value))
	}
	return nothing, err
}

// client returns a client that has not connected.
func (s *store) client() redis.UniversalClient {
	redis.SetLogger(silent{})
	return redis.NewUniversalClient(&s.UniversalOptions)
}

// silent drops what the library would write to stderr.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func parseCall(verb string, args []string) (c call, err error) {
	c.verb = verb
	names := map[string]int{"look": 1, "drop": 1, "lease": 3, "publish": 3}
	if len(args) != names[verb] {
		return c, usage("%s has %d arguments, and %d were given", verb, names[verb], len(args))
	}
	if c.name = args[0]; !word(c.name) {
		return c, usage("the name is not 1 to 64 of a-z, A-Z, 0-9 and -")
	}
	if len(args) == 1 {
		return c, nil
	}
	if c.owner = args[1]; !word(c.owner) {
		return c, usage("the owner is not 1 to 64 of a-z, A-Z, 0-9 and -")
	}
	seconds, err := strconv.Atoi(args[2])
	if err != nil || seconds < 0 || seconds > maxTime || seconds == 0 && verb == "publish" {
		return c, usage("the time is not a number of seconds, at most %d", maxTime)
	}
	c.time = time.Duration(seconds) * time.Second
	return c, nil
}

func word(s string) bool {
	for i := range len(s) {
		c := s[i]
		if ('a' > c || c > 'z') && ('A' > c || c > 'Z') && ('0' > c || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// readValue reads a value from stdin, in base64.
func readValue(ctx context.Context, stdin io.Reader) ([]byte, error) {
	raw, err := await.Call(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(stdin, maxInput+1)) })
	if err != nil {
		return nil, usage("stdin can't be read: %v", err)
	}
	value, err := base64.StdEncoding.DecodeString(string(bytes.TrimRight(raw, "\r\n")))
	if err != nil || len(value) == 0 || len(raw) > maxInput {
		return nil, usage("stdin is not a value in base64, at most 64 KiB")
	}
	return value, nil
}

func (c call) do(ctx context.Context, r redis.UniversalClient) (age time.Duration, value []byte, none bool, err error) {
	keys, ms := []string{leaseKey(c.name)}, c.time.Milliseconds()
	switch c.verb {
	case "look":
		age, value, err = look(ctx, r, c.name)
		return age, value, len(value) == 0, err
	case "drop":
		return 0, nil, false, r.Del(ctx, valueKey(c.name)).Err()
	case "publish":
		keys = []string{valueKey(c.name), leaseKey(c.name)}
		return 0, nil, false, publishScript.Run(ctx, r, keys, c.owner, c.value, ms).Err()
	}
	if c.time == 0 {
		return 0, nil, false, releaseScript.Run(ctx, r, keys, c.owner).Err()
	}
	ours, err := leaseScript.Run(ctx, r, keys, c.owner, ms).Bool()
	return 0, nil, err == nil && !ours, err
}

// look returns a value and its age. What has no time was not published by this program, and is as it was found.
func look(ctx context.Context, r redis.UniversalClient, name string) (age time.Duration, value []byte, err error) {
	got, err := lookScript.Run(ctx, r, []string{valueKey(name)}).Slice()
	if err != nil {
		return 0, nil, err
	}
	if len(got) == 0 || len(got) > 2 {
		return 0, nil, errAnswer
	}
	now, err := strconv.ParseInt(fmt.Sprint(got[0]), 10, 64)
	if err != nil {
		return 0, nil, errAnswer
	}
	stored, ok := "", false
	if len(got) == 2 {
		stored, ok = got[1].(string)
	}
	if !ok {
		return 0, nil, nil
	}
	before, after, _ := strings.Cut(stored, " ")
	at, err := strconv.ParseInt(before, 10, 64)
	if err != nil || after == "" {
		return 0, []byte(stored), nil
	}
	return time.Duration(max(now-at, 0)) * time.Millisecond, []byte(after), nil
}

var errAnswer = errors.New("its answer is not Redis'")
