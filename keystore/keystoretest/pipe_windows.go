package keystoretest

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/keystoretest/guard"
)

// Pipe is a Windows pipe that a test serves.
type Pipe struct {
	Address string

	rights *windows.SecurityAttributes
	mutex  sync.Mutex
	free   windows.Handle // the end for the next client; 0 if closed
}

// OwnPipe makes a pipe that belongs to this user.
func OwnPipe() (*Pipe, error) {
	own, err := account.Own()
	if err != nil {
		return nil, err
	}
	return NewPipe(own.String())
}

// NewPipe makes a pipe that belongs to owner, a SID. Windows lets only administrators make one for another user; the
// error is then [windows.ERROR_INVALID_OWNER].
func NewPipe(owner string) (*Pipe, error) {
	// wine keeps no owner unless it is told one.
	sd, err := windows.SecurityDescriptorFromString("O:" + owner + "D:P(A;;GA;;;WD)")
	if err != nil {
		return nil, err
	}
	p := &Pipe{
		Address: guard.PipePrefix + rand.Text(),
		rights: &windows.SecurityAttributes{
			Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{})), SecurityDescriptor: sd,
		},
	}
	p.free, err = p.end()
	return p, err
}

func (p *Pipe) end() (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(p.Address)
	if err != nil {
		return 0, err
	}
	return windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_REJECT_REMOTE_CLIENTS,
		windows.PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, p.rights)
}

// Accept waits for a client.
func (p *Pipe) Accept() (io.ReadWriteCloser, error) {
	p.mutex.Lock()
	h := p.free
	p.mutex.Unlock()
	err := windows.ConnectNamedPipe(h, nil)
	if err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) &&
		!errors.Is(err, windows.ERROR_NO_DATA) { // connected, and gone again
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.free == 0 {
		return nil, errors.Join(os.ErrClosed, windows.CloseHandle(h))
	}
	if p.free, err = p.end(); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), p.Address), nil
}

// Close ends the pipe for new clients.
func (p *Pipe) Close() error {
	p.mutex.Lock()
	p.free = 0
	p.mutex.Unlock()
	last, err := os.OpenFile(p.Address, os.O_RDWR, 0) // ends Accept
	if err != nil {
		return err
	}
	return last.Close()
}
