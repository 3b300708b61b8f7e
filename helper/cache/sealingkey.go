package cache

import "cgp-cred/keystore/kernel"

// newSealer uses the key that it is given, or the one in the state folder, which it makes where there is none.
func newSealer(o Options) (*kernel.Sealer, error) {
	if o.SealingKey != nil {
		return kernel.NewSealer(o.SealingKey)
	}
	return kernel.OpenSealer(o.State)
}
