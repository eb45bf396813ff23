// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
)

// Every error of a constructor wraps one of these and says what to write instead.
var (
	// ErrName marks an invalid metric name.
	ErrName = errors.New("invalid metric name")

	// ErrLabel marks an invalid, reserved or repeated label name, and a label struct that cannot be
	// used.
	ErrLabel = errors.New("invalid label")

	// ErrTaken marks a name under which a different metric is defined, or a metric whose series
	// would collide with those of another one. The text says which fields differ and where the
	// first definition was made.
	ErrTaken = errors.New("name is taken")

	// ErrBuckets marks a histogram layout that is too long, or not strictly increasing and finite.
	ErrBuckets = errors.New("invalid buckets")

	// ErrObjectives marks quantiles of a summary outside [0, 1] and errors outside (0, 1).
	ErrObjectives = errors.New("invalid objectives")

	// ErrOption marks any other option that does not fit the metric.
	ErrOption = errors.New("invalid option")
)

var (
	errNilFunc     = fmt.Errorf("%w: the function is nil", ErrOption)
	errNilRegistry = fmt.Errorf("%w: the registry is nil", ErrOption)
)

// nilOption is the error of an option that is nil, by its position.
func nilOption(i int) error { return fmt.Errorf("%w: option %d is nil", ErrOption, i+1) }

// Must returns the metric of a constructor and panics with its error, if there is one. It is for
// package variables with a registry that is not the default one:
//
//	var depth = engine.Must(registry.NewGauge("queue_depth", "Jobs that wait."))
func Must[T any](metric T, err error) T {
	if err != nil {
		panic(err)
	}
	return metric
}
