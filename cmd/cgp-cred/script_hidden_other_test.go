//go:build !linux

package main

func hidden() {}
