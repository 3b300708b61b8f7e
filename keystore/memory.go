package keystore

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory returns an empty keystore in memory, which checks values as the others do and ends with the process.
func Memory() Keystore { return &memory{values: make(map[string]Secret)} }

type memory struct {
	mu     sync.Mutex
	values map[string]Secret
}

func (m *memory) Get(ctx context.Context, account string) (Secret, error) {
	if err := m.begin(ctx, account); err != nil {
		return Secret{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.values[account]
	if !ok {
		return Secret{}, &Error{Kind: ErrNotFound, Op: "get", Account: account}
	}
	return s, nil
}

func (m *memory) Set(ctx context.Context, account string, value Secret) error {
	if err := m.begin(ctx, account); err != nil {
		return err
	}
	if err := CheckValue(account, value); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[account] = NewSecret(value.Reveal())
	return nil
}

func (m *memory) Delete(ctx context.Context, account string) error {
	if err := m.begin(ctx, account); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.values[account]; !ok {
		return &Error{Kind: ErrNotFound, Op: "delete", Account: account}
	}
	delete(m.values, account)
	return nil
}

func (m *memory) Accounts(ctx context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.values)), ctx.Err()
}

func (*memory) begin(ctx context.Context, account string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return CheckAccount(account)
}
