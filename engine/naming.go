// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// naming says which names a registry takes: identifiers, or any names if it is true.
type naming bool

// WithUTF8Names lets the names of metrics and labels, and the prefix, be any valid UTF-8: not
// empty, and without a NUL. OpenTelemetry's http.server.request.duration is such a name. Names that
// begin with __ stay reserved, and so do labels that a type of metrics has itself.
//
// Prometheus reads such names from version 3 on. A page shows them between quotes if its
// [Exposition] says so, and otherwise with letters, digits and underscores in their place. Names
// that differ may become equal in this way. Such a page leaves out the metric that was defined
// later, and series whose labels become those of others. The registry's own metric
// quipu_escaping_drops_total counts that by the name of the metric, and the first time is logged.
// [Registry.Read] shows all names as they are.
func WithUTF8Names() RegistryOption {
	return registryOption(func(s *settings) error {
		s.naming = true
		return nil
	})
}

// validLabel reports whether a name can be that of a label.
func (utf8 naming) validLabel(name string) bool {
	if utf8 {
		return labeltext.ValidUTF8Name(name)
	}
	return labeltext.ValidName(name)
}

// validMetric reports whether a name can be that of a metric.
func (utf8 naming) validMetric(name string) bool {
	if utf8 {
		return labeltext.ValidUTF8Name(name)
	}
	return labeltext.ValidMetricName(name)
}

// checkLabel says what is wrong with the name of a label.
func (utf8 naming) checkLabel(name string) error {
	switch {
	case bool(utf8) && !utf8.validLabel(name):
		return fmt.Errorf("%w: %q: %s", ErrLabel, name, utf8Rule)
	case !utf8.validLabel(name):
		return fmt.Errorf("%w: %q: use letters, digits and _, with no digit first", ErrLabel, name)
	case strings.HasPrefix(name, "__"):
		return fmt.Errorf("%w: %q: names that begin with __ are reserved", ErrLabel, name)
	}
	return nil
}

// checkLabels says what is wrong with the names of labels.
func (utf8 naming) checkLabels(labels Labels) error {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if err := utf8.checkLabel(name); err != nil {
			return err
		}
	}
	return nil
}

// checkMetric says what is wrong with the name of a metric, apart from its type.
func (utf8 naming) checkMetric(name string) error {
	switch {
	case bool(utf8) && !utf8.validMetric(name):
		return fmt.Errorf("%w: %s", ErrName, utf8Rule)
	case !utf8.validMetric(name):
		return fmt.Errorf("%w: use letters, digits, _ and :, with no digit first", ErrName)
	case strings.HasPrefix(name, "__"):
		return fmt.Errorf("%w: names that begin with __ are reserved", ErrName)
	}
	return nil
}

const utf8Rule = "use valid UTF-8 without a NUL, and at least one character"
