// SPDX-License-Identifier: Apache-2.0

package engine_test

import "os"

// long reports whether the long forms of the tests are to run.
func long() bool { return os.Getenv("QUIPU_LONG") == "1" }
