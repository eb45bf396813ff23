// SPDX-License-Identifier: Apache-2.0

package prometheus

import client "github.com/prometheus/client_golang/prometheus"

// DefaultRegisterer and DefaultGatherer are the registry that the package-level functions and
// package promauto use. Its page also shows client_golang's default registry, where it registers
// collectors that are not metrics of this package. Programs may set both variables, before they
// register anything.
var (
	DefaultRegisterer Registerer = defaultRegistry
	DefaultGatherer   Gatherer   = defaultRegistry
)

var defaultRegistry = newDefaultRegistry()

func newDefaultRegistry() *Registry {
	r := NewRegistry()
	r.outer, _ = client.DefaultRegisterer.(*client.Registry)
	return r
}

// Register registers a collector with [DefaultRegisterer].
func Register(c Collector) error { return DefaultRegisterer.Register(c) }

// MustRegister registers collectors with [DefaultRegisterer]. It panics at the first that fails.
func MustRegister(cs ...Collector) { DefaultRegisterer.MustRegister(cs...) }

// Unregister unregisters a collector from [DefaultRegisterer].
func Unregister(c Collector) bool { return DefaultRegisterer.Unregister(c) }
