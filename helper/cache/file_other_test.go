//go:build !linux

package cache_test

import "testing"

func TestFile(t *testing.T) { fileTests(t) }
