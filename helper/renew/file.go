// Package renew keeps one token file fresh for a command that runs longer than a token lives.
package renew

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/wire"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// What the loop keeps to, for tokens of the usual ten minutes; shorter ones have theirs halved and quartered.
const (
	margin    = 2 * time.Minute        // least life left in the file's token
	pace      = 10 * time.Second       // longest time between two looks at clock and file
	minPace   = 250 * time.Millisecond // shortest
	minRest   = 500 * time.Millisecond // shortest time between two tokens
	minDelay  = 5 * time.Second        // first wait after a failure; it doubles
	maxDelay  = time.Minute
	closeWait = 2 * time.Second  // how long Close waits for a token that is on its way
	patience  = 10 * time.Minute // for a request that has deadlines of its own, and should have ended by them
)

// Options say what the file holds and where it is.
type Options struct {
	Path   string // absolute; its folder should be one of [Folder]
	Format string // "token": the bare token and a line feed; "htslib": JSON with the seconds that remain

	// Source returns a token with minValid left, or half of its life where that is less. It is called by one goroutine
	// at a time, unless a call does not return: after ten minutes it is given up, and its context ends.
	Source func(ctx context.Context, minValid time.Duration) (helper.Credential, error)

	Warn func(text string) // nil: silent. Called when renewal starts to fail, when the token ends, and when it recovers
}

// File is a token file that is renewed until Close.
//
// Whoever opens it finds a whole file of mode 0600: each content is written beside it and renamed. htslib counts
// expires_in from when it reads, not knowing the file's age, and reads again when 60 s are left by that count: so the
// file is rewritten every ten seconds, and states the seconds that will remain at the next rewriting.
type File struct {
	o    Options
	stop context.CancelFunc
	done chan struct{}

	token    helper.Credential
	taken    time.Time     // when the token came
	left     time.Duration // its life then
	tried    time.Time     // when the last request was answered
	rest     time.Duration // from then to the next one
	pace     time.Duration // from one look to the next
	failures int           // requests failed in a row
	ended    bool          // told that the token has ended
	current  bool          // the file holds the token
	broken   bool          // told that the file can't be written
}

// Start gets a token, writes the file and keeps it fresh. Without a token, or where the file can't be written, it fails
// at once. ctx bounds the first token alone; renewal goes on until Close.
func Start(ctx context.Context, o Options) (*File, error) {
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	c, err := o.Source(ctx, margin)
	if err != nil {
		return nil, err
	}
	f := &File{o: o, done: make(chan struct{})}
	f.take(c)
	if err := f.write(); err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
	go f.run(ctx)
	return f, nil
}

// Path is the file's.
func (f *File) Path() string { return f.o.Path }

// Close stops the renewal and removes the file; that it is gone already is no error.
func (f *File) Close() error {
	f.stop()
	<-f.done
	if err := os.Remove(f.o.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the token file: %w", disk.Unwritable(err))
	}
	return nil
}

type answer struct {
	credential helper.Credential
	err        error
}

// run asks for a token when it is time, one at a time, and meanwhile goes on to keep the file: a keychain that waits
// for its password must not stop the count of what remains.
func (f *File) run(ctx context.Context) {
	defer close(f.done)
	var answers <-chan answer // nil: nothing was asked
	for {
		if answers == nil && helper.Age(f.tried) >= f.rest {
			answers = f.ask(ctx)
		}
		look := time.NewTimer(f.pause(answers != nil))
		select {
		case got := <-answers:
			answers = nil
			f.settle(got)
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			if answers != nil {
				await(answers)
			}
			return
		}
		look.Stop()
		f.keep()
	}
}

var (
	errSilent = errors.New("the request for one has not ended for ten minutes, and is given up")
	errBug    = errors.New("a bug in cgp-cred ended the request for one: please report it")
)

// ask asks for a token. An answer comes in any case: renewal goes on, whatever a request runs into.
func (f *File) ask(ctx context.Context) <-chan answer {
	answers := make(chan answer, 2) // room for one that nobody awaits any more
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
		c, err := f.o.Source(ctx, margin)
		answers <- answer{c, err}
	}()
	return answers
}

// await gives a request that was told to end a moment to do so.
func await(answers <-chan answer) {
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-answers:
	case <-late.C:
	}
}

// pause is the time until the next look.
func (f *File) pause(asking bool) time.Duration {
	if asking {
		return f.pace
	}
	return max(min(f.pace, f.rest-helper.Age(f.tried)), 0)
}

// take makes c the file's token.
func (f *File) take(c helper.Credential) {
	f.token, f.taken, f.current = c, time.Now(), false
	f.tried = f.taken
	f.left = time.Until(c.ExpiresAt)
	f.rest = f.left - margin
	if f.left <= margin {
		f.rest = f.left / 2
	}
	f.rest = max(f.rest, minRest)
	f.pace = max(min(pace, f.left/4), minPace)
	f.failures, f.ended = 0, false
}

// settle deals with what a request for a token brought. After a failure the file keeps the last token, and the next
// request waits longer each time.
func (f *File) settle(got answer) {
	if got.err == nil {
		if f.failures > 0 {
			f.o.Warn("the token of the running command is renewed again, until " + clock(got.credential.ExpiresAt))
		}
		f.take(got.credential)
		return
	}
	f.tried, f.rest = time.Now(), min(minDelay<<min(f.failures, 10), maxDelay)
	f.failures++
	ended := helper.Age(f.taken) >= f.left
	switch {
	case ended && !f.ended:
		f.ended = true
		f.o.Warn("the token of the running command ended at " + clock(f.token.ExpiresAt) + " and can't be renewed: " +
			fault.OneLine(got.err))
	case f.failures == 1:
		f.o.Warn("the token of the running command can't be renewed, and ends at " + clock(f.token.ExpiresAt) + ": " +
			fault.OneLine(got.err))
	}
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// keep writes the file where it does not say what it should.
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

// there reports whether the file exists: a desktop that logs its user out empties the folder.
func (f *File) there() bool {
	_, err := os.Lstat(f.o.Path)
	return err == nil
}

// write puts the token in the place of the file, whole or not at all.
func (f *File) write() error {
	left := f.left - helper.Age(f.taken) - f.pace
	text, err := wire.Format(f.o.Format, f.token, nil, f.token.ExpiresAt.Add(-left))
	if err != nil {
		return err
	}
	if err := disk.WriteVolatile(f.o.Path, text); err != nil {
		return fmt.Errorf("writing the token file: %w", err)
	}
	f.current = true
	return nil
}
