// Package renew keeps one token file fresh, for programs that run longer than a token lives.
package renew

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// The loop's times, for tokens of the usual ten minutes. A token with a shorter life is renewed after half its life,
// and the file is checked four times in that life. Each renewal comes earlier by a random part of a fifteenth of the
// token's life, so that many machines that started together do not stay in step.
const (
	margin    = 2 * time.Minute        // how much life the file's token has left when the next one is fetched
	spread    = 15                     // the share of a token's life over which its renewal is spread
	pace      = 10 * time.Second       // longest time between two checks of clock and file
	minPace   = 250 * time.Millisecond // shortest time between two checks
	minRest   = 500 * time.Millisecond // shortest time between two tokens
	minDelay  = 5 * time.Second        // first wait after a failure; it doubles
	maxDelay  = time.Minute
	closeWait = 2 * time.Second  // how long Close waits for a request that is still running
	patience  = 10 * time.Minute // limit of a request, for the case that the request's own deadlines fail
)

// Options say what the token file holds, where it is, and who is told.
type Options struct {
	Path   string // absolute
	Format string // one of [wire.Formats]

	// Write replaces the file, whole or not at all; nil: [disk.WriteVolatile], in a folder from [Folder].
	Write func(text []byte) error

	// Keep is set if Close leaves the file.
	Keep bool

	// Source returns a token as [helper.Helper.Get] does. One goroutine at a time calls it. If a call does not return
	// within ten minutes, its context ends, and it may be called again.
	Source func(ctx context.Context, o helper.Options) (helper.Credential, error)

	// Token is what warnings call the token; empty: that of the running command.
	Token string

	// Warn is called when renewal starts to fail, when the token expires, and when renewal works again; nil: silent.
	Warn func(text string)

	// Renewed is called when the file has a new token, for the first one too. It must not wait. nil: not called.
	Renewed func(c helper.Credential)

	// Beat is called at each check of clock and file, at least once in Pace; nil: not called.
	Beat func()
	Pace time.Duration // longest time between two checks; 0: ten seconds

	// Spread returns where in its range a renewal is, from 0 (as late as it may be) to 1; nil: at random.
	Spread func() float64
}

// File is a token file that is renewed until Close.
//
// A reader always finds a whole file with its mode: each new content is written to another file, which is then renamed.
// htslib counts expires_in from the moment it reads, because it does not know the file's age. It reads again
// when 60 s are left by that count. So the file is rewritten every ten seconds, and states the seconds that will be
// left at the next rewrite.
type File struct {
	o      Options
	stop   context.CancelFunc
	done   chan struct{}
	wanted chan chan struct{} // what Renew returned

	token    helper.Credential
	taken    time.Time     // when the token was received
	left     time.Duration // its life at that time
	tried    time.Time     // when the last request ended
	rest     time.Duration // time from then to the next request
	early    time.Duration // how much later that request may be
	pace     time.Duration // time between two checks
	failures int           // requests that failed in a row
	ended    bool          // the user was warned that the token has expired
	current  bool          // the file holds the token
	told     bool          // Renewed was called for the token
	broken   bool          // the user was warned that the file can't be written
}

// Start gets a token, writes the file and keeps it fresh. It fails at once if it gets no token or can't write the file.
// ctx bounds only the request for the first token: renewal continues until Close.
func Start(ctx context.Context, o Options) (*File, error) {
	o.fill()
	c, err := o.Source(ctx, helper.Options{MinValid: margin})
	if err != nil {
		return nil, err
	}
	f := &File{o: o, done: make(chan struct{}), wanted: make(chan chan struct{}, 1)}
	f.take(c)
	if err := f.write(); err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	go f.run(ctx)
	return f, nil
}

// fill sets what the caller left out.
func (o *Options) fill() {
	o.Token = cmp.Or(o.Token, "the token of the running command")
	o.Pace = cmp.Or(o.Pace, pace)
	if o.Write == nil {
		o.Write = func(text []byte) error { return disk.WriteVolatile(o.Path, text) }
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Renewed == nil {
		o.Renewed = func(helper.Credential) {}
	}
	if o.Beat == nil {
		o.Beat = func() {}
	}
	if o.Spread == nil {
		o.Spread = rand.Float64
	}
}

// Path returns the path of the file.
func (f *File) Path() string { return f.o.Path }

// Renew fetches a new token now, even if one is cached. The channel is closed when that has ended, well or not. While
// another call waits, and after Close, Renew does nothing. It must not be called at the same time as Close.
func (f *File) Renew() <-chan struct{} {
	over := make(chan struct{})
	select {
	case <-f.done:
		close(over)
		return over
	default:
	}
	select {
	case f.wanted <- over:
	default:
		close(over)
	}
	return over
}

// Close stops the renewal and, unless Keep is set, removes the file. An absent file is no error.
func (f *File) Close() error {
	f.stop()
	<-f.done
	if f.o.Keep {
		return nil
	}
	if err := os.Remove(f.o.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the token file: %w", disk.Unwritable(err))
	}
	return nil
}

type answer struct {
	credential helper.Credential
	err        error
}

// run asks for a token when it is time, one request at a time. While a request runs it keeps the file up to date: a
// keychain that waits for its password must not stop the count of the seconds that are left.
func (f *File) run(ctx context.Context) {
	defer close(f.done)
	var answers <-chan answer         // nil: no request is running
	var wanted, asked []chan struct{} // calls of Renew: those that wait for a request, and those of the running one
	for {
		f.o.Beat()
		if answers == nil && helper.Age(f.tried) >= f.due(wanted) {
			answers = f.ask(ctx, f.request(wanted))
			asked, wanted = wanted, nil
		}
		look := time.NewTimer(f.pause(answers != nil, wanted))
		select {
		case got := <-answers:
			answers = nil
			f.settle(got, asked != nil)
		case over := <-f.wanted:
			wanted = append(wanted, over)
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			if answers != nil {
				await(answers)
			}
			closeAll(append(wanted, asked...))
			select {
			case over := <-f.wanted:
				close(over)
			default:
			}
			return
		}
		look.Stop()
		f.keep()
		if answers == nil {
			closeAll(asked)
			asked = nil
		}
	}
}

func closeAll(calls []chan struct{}) {
	for _, over := range calls {
		close(over)
	}
}

// due returns how long after the last request the next one is.
func (f *File) due(wanted []chan struct{}) time.Duration {
	if len(wanted) > 0 {
		return min(minRest, f.rest)
	}
	return f.rest
}

// request returns which token is asked for: one that lives longer than the file's, which other processes may have
// fetched already, or, for Renew, a new one.
func (f *File) request(wanted []chan struct{}) helper.Options {
	if len(wanted) > 0 {
		return helper.Options{ForceNew: true}
	}
	return helper.Options{MinValid: max(margin, f.left-helper.Age(f.taken)+time.Second)}
}

var (
	errSilent = errors.New("the request for a new token has not ended within ten minutes, and is given up")
	errBug    = errors.New("a bug in cgp-cred ended the request for a new token: please report it")
)

// ask asks for a token. It always sends an answer, so that renewal continues even if a request hangs or panics.
func (f *File) ask(ctx context.Context, o helper.Options) <-chan answer {
	answers := make(chan answer, 2) // room for an answer after errSilent, which is not read
	ctx, stop := context.WithTimeout(ctx, patience)
	silent := time.AfterFunc(patience+closeWait, func() { answers <- answer{err: errSilent} })
	go func() {
		defer silent.Stop()
		defer stop()
		defer func() {
			if recover() != nil { // the value may quote a secret
				answers <- answer{err: errBug}
			}
		}()
		c, err := f.o.Source(ctx, o)
		answers <- answer{c, err}
	}()
	return answers
}

// await gives a request whose context has ended a moment to end too.
func await(answers <-chan answer) {
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-answers:
	case <-late.C:
	}
}

// pause returns the time until the next check.
func (f *File) pause(asking bool, wanted []chan struct{}) time.Duration {
	if asking {
		return f.pace
	}
	return max(min(f.pace, f.due(wanted)-helper.Age(f.tried)), 0)
}

// take makes c the file's token.
func (f *File) take(c helper.Credential) {
	f.token, f.taken, f.current, f.told = c, time.Now(), false, false
	f.tried = f.taken
	f.left = time.Until(c.ExpiresAt)
	latest := f.left - margin
	if f.left <= margin {
		latest = f.left / 2
	}
	latest = max(latest, minRest)
	f.rest = max(latest-time.Duration(f.o.Spread()*float64(f.left/spread)), minRest)
	f.early = latest - f.rest
	f.pace = max(min(f.o.Pace, f.left/4), minPace)
	f.failures, f.ended = 0, false
}

// settle handles the answer to a request for a token. After a failure the file keeps the last token, and each further
// failure makes the next request wait longer.
func (f *File) settle(got answer, forced bool) {
	if got.err == nil && !forced && f.early > 0 && f.holds(got.credential) {
		// A cache serves a token up to the middle of its life: a shorter spread is all there can be.
		f.rest, f.early = f.rest+f.early, 0
		return
	}
	if got.err == nil {
		if f.failures > 0 {
			f.o.Warn(f.o.Token + " is renewed again, until " + clock(got.credential.ExpiresAt))
		}
		f.take(got.credential)
		return
	}
	f.tried, f.rest, f.early = time.Now(), min(minDelay<<min(f.failures, 10), maxDelay), 0
	f.failures++
	ended := helper.Age(f.taken) >= f.left
	switch {
	case ended && !f.ended:
		f.ended = true
		f.o.Warn(f.o.Token + " expired at " + clock(f.token.ExpiresAt) +
			" and can't be renewed: " + fault.OneLine(got.err))
	case f.failures == 1:
		f.o.Warn(f.o.Token + " can't be renewed, and expires at " + clock(f.token.ExpiresAt) +
			": " + fault.OneLine(got.err))
	}
}

// holds reports whether c is the file's token.
func (f *File) holds(c helper.Credential) bool {
	return c.ExpiresAt.Equal(f.token.ExpiresAt) && bytes.Equal(c.Secret.Reveal(), f.token.Secret.Reveal())
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// keep writes the file if it is absent, or does not hold what it should.
func (f *File) keep() {
	if f.current && f.o.Format != "htslib" && f.there() {
		return
	}
	err := f.write()
	switch {
	case err != nil && !f.broken:
		f.o.Warn("the token file can't be written: " + fault.OneLine(err))
	case err == nil && f.broken:
		f.o.Warn("the token file is written again, with a token until " + clock(f.token.ExpiresAt))
	}
	f.broken = err != nil
}

// there reports whether the file exists. A desktop empties the folder when the user logs out.
func (f *File) there() bool {
	_, err := os.Lstat(f.o.Path)
	return err == nil
}

// write replaces the file by one with the token. It writes the whole file or nothing.
func (f *File) write() error {
	left := f.left - helper.Age(f.taken) - f.pace
	text, err := wire.Format(f.o.Format, f.token, nil, f.token.ExpiresAt.Add(-left))
	if err != nil {
		return err
	}
	if err := f.o.Write(text); err != nil {
		return fmt.Errorf("writing the token file: %w", err)
	}
	f.current = true
	if !f.told {
		f.told = true
		f.o.Renewed(f.token)
	}
	return nil
}
