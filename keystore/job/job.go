// Package job ends the programs that this process starts when this process ends, however that happens. Only Windows
// needs it: on Linux a child asks for a signal, and a group of processes can be killed.
package job
