// SPDX-License-Identifier: Apache-2.0

package migrate

import "strings"

// Refusal is an error that says why a module stays as it is.
type Refusal struct {
	Reason string // a sentence, or several
	Output string // of the go command; may be empty
}

// Error implements the interface error.
func (r *Refusal) Error() string {
	if r.Output == "" {
		return r.Reason
	}
	return strings.TrimRight(r.Output, "\n") + "\n\n" + r.Reason
}

func refuse(reason, output string) error { return &Refusal{Reason: reason, Output: output} }
