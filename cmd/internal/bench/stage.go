package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

// stage stands in for a test, for which keystoretest makes a bus and a keyring: they end with close.
type stage struct {
	testing.TB // nil: what is not overridden here is not called
	ends       []func()
}

// failure ends the making of a stage.
type failure struct{ text string }

func (s *stage) Context() context.Context { return context.Background() }
func (s *stage) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
func (s *stage) Helper()                           {}
func (s *stage) Failed() bool                      { return false }
func (s *stage) Cleanup(end func())                { s.ends = append(s.ends, end) }
func (s *stage) Fatal(args ...any)                 { panic(failure{fmt.Sprint(args...)}) }
func (s *stage) Fatalf(format string, args ...any) { panic(failure{fmt.Sprintf(format, args...)}) }
func (s *stage) Skip(args ...any)                  { s.Fatal(args...) }
func (s *stage) Skipf(format string, args ...any)  { s.Fatalf(format, args...) }

// try turns the end of a test into an error.
func (s *stage) try(attempt func()) (err error) {
	defer func() {
		switch f := recover().(type) {
		case nil:
		case failure:
			err = errors.New(f.text)
		default:
			panic(f)
		}
	}()
	attempt()
	return nil
}

func (s *stage) close() {
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
	s.ends = nil
}
