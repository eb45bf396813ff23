// SPDX-License-Identifier: Apache-2.0

package meter

import "errors"

// Errors of constructors and of the creation of instruments wrap one of these, or one of package
// engine.
var (
	// ErrInstrumentName marks a name that is not one of an instrument: a letter, and then at most
	// 254 letters, digits and characters of "_.-/".
	ErrInstrumentName = errors.New("invalid instrument name")

	// ErrConflict marks an instrument whose metric another instrument has, of another kind or unit.
	ErrConflict = errors.New("conflicting instrument")

	// ErrOption marks an option that cannot be used.
	ErrOption = errors.New("invalid option")

	// ErrCallback marks a callback that cannot be registered, or that failed.
	ErrCallback = errors.New("invalid callback")
)
