// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
)

// What can be wrong with a definition. Errors of constructors wrap one of these and say what to write instead.
var (
	// ErrName marks a metric name that is not one.
	ErrName = errors.New("invalid metric name")

	// ErrLabel marks a label name that is not one, is reserved, or is used twice, and a label struct that cannot be used.
	ErrLabel = errors.New("invalid label")

	// ErrTaken marks a name under which a different metric is defined, or one of whose series another metric has. The text
	// says which fields differ and where the first definition was made.
	ErrTaken = errors.New("name is taken")

	// ErrBuckets marks a histogram layout that is not strictly increasing and finite, or too long.
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
