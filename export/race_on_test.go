// SPDX-License-Identifier: Apache-2.0

//go:build race

package export

// raceEnabled tells that the race detector slows all work down, several times and unevenly.
const raceEnabled = true
