// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// Option configures a source of variables. [Attach] and [NewSource] return an error if an option
// cannot work.
type Option func(*settings) error

// settings are what the options set. Nothing changes them afterwards.
type settings struct {
	prefix    string
	only      map[string]bool    // of WithVariables; nil without it
	metrics   map[string]*metric // of the variables that an option names
	maxSeries int
	timeout   time.Duration
}

// metric says how a variable is shown.
type metric struct {
	name, help string
	labels     []string // of the keys of maps, from the outermost on
	write      func(w *engine.Writer, name, help string, value float64, labels ...engine.Label)
	info       bool // strings are shown, and nothing else
}

// WithVariables shows these variables, and those that another option names, instead of all.
func WithVariables(names ...string) Option {
	only := make(map[string]bool, len(names))
	for _, name := range names {
		only[name] = true
	}
	return func(s *settings) error {
		s.only = only
		return nil
	}
}

// WithPrefix sets what the names of metrics begin with, by default "expvar_". Metrics that an
// option names have no prefix.
func WithPrefix(prefix string) Option {
	return func(s *settings) error {
		if prefix != "" && !encode.ValidMetricName(prefix) || strings.HasPrefix(prefix, "__") {
			return fmt.Errorf("WithPrefix(%q): %w", prefix, engine.ErrName)
		}
		s.prefix = prefix
		return nil
	}
}

// WithMaxSeries bounds the series that one variable may have: [engine.DefaultMaxSeries] by default.
// Those with the first keys, in the order of strings, are shown. What is left out counts as a
// failure of the variable. [engine.NoLimit] lifts the bound.
func WithMaxSeries(n int) Option {
	return func(s *settings) error {
		if n < 1 {
			return fmt.Errorf("WithMaxSeries(%d): %w: there must be room for one", n, engine.ErrOption)
		}
		s.maxSeries = n
		return nil
	}
}

// WithTimeout bounds how long a page waits for the functions of variables, which run all at once:
// by default [engine.CallbackTimeout]. They get no more than the page's time in any case.
// [engine.NoLimit] leaves them all of that.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout(%v): %w: a timeout is positive", d, engine.ErrOption)
		}
		if s.timeout = d; d == engine.NoLimit {
			s.timeout = math.MaxInt64 // where an int has 32 bits, NoLimit is two seconds
		}
		return nil
	}
}

// WithCounter shows a variable as a counter of this name, which should end in _total. labels are
// the names of the labels that have the keys of its maps, from the outermost map on.
func WithCounter(variable, name, help string, labels ...string) Option {
	return withMetric(variable, metric{name: name, help: help, labels: labels, write: (*engine.Writer).Counter})
}

// WithGauge shows a variable as a gauge of this name: see [WithCounter].
func WithGauge(variable, name, help string, labels ...string) Option {
	return withMetric(variable, metric{name: name, help: help, labels: labels, write: (*engine.Writer).Gauge})
}

// WithUntyped shows a variable under this name without a type: see [WithCounter].
func WithUntyped(variable, name, help string, labels ...string) Option {
	return withMetric(variable, metric{name: name, help: help, labels: labels, write: (*engine.Writer).Untyped})
}

// WithInfo shows the strings of a variable as an info metric of this name, to which _info is added
// if it is missing. Its value is 1, and the string is in the label that comes after those of the
// keys: WithInfo("version", "app_info", "The version.", "version") shows app_info{version="1.2"}. A
// label without a name is called value.
func WithInfo(variable, name, help string, labels ...string) Option {
	return withMetric(variable, metric{name: name, help: help, labels: labels, info: true})
}

func withMetric(variable string, m metric) Option {
	m.labels = slices.Clone(m.labels)
	return func(s *settings) error {
		if err := m.check(); err != nil {
			return fmt.Errorf("variable %q: %w", variable, err)
		}
		if s.metrics[variable] != nil {
			return fmt.Errorf("variable %q: %w: it has two metrics", variable, engine.ErrOption)
		}
		s.metrics[variable] = &m
		return nil
	}
}

// check says which of the names cannot work. Whether they must be identifiers, only the registry
// knows, which counts and logs a name that it does not take.
func (m *metric) check() error {
	if !encode.ValidUTF8Name(m.name) || strings.HasPrefix(m.name, "__") {
		return fmt.Errorf("%w: %q", engine.ErrName, m.name)
	}
	for i, label := range m.labels {
		if !encode.ValidUTF8Name(label) || strings.HasPrefix(label, "__") {
			return fmt.Errorf("%w: %q", engine.ErrLabel, label)
		}
		if slices.Contains(m.labels[:i], label) {
			return fmt.Errorf("%w: %q is there twice", engine.ErrLabel, label)
		}
	}
	if len(m.labels) > mostKeys {
		return fmt.Errorf("%w: there are %d labels, at most %d are supported", engine.ErrLabel, len(m.labels), mostKeys)
	}
	return nil
}

// keyLabels are the labels of keys that no option names.
var keyLabels = [mostKeys]string{"key", "key2", "key3", "key4", "key5", "key6", "key7", "key8"}

// label returns the name of the label that has the key of the map at this depth.
func (m *metric) label(depth int) string {
	if depth < len(m.labels) {
		return m.labels[depth]
	}
	return keyLabels[depth]
}

// textLabel returns the name of the label that has a string with so many keys.
func (m *metric) textLabel(keys int) string {
	if keys < len(m.labels) {
		return m.labels[keys]
	}
	return "value"
}
