// SPDX-License-Identifier: Apache-2.0

//go:build race

package export

// raceEnabled is true if the race detector is on, which slows everything down, several times and
// unevenly.
const raceEnabled = true
