// Package windows tests the program as Windows runs it, from outside, with wine: what a user types at a console, and
// processes that are killed. Its tests run on Linux.
package windows
