// SPDX-License-Identifier: Apache-2.0

//go:build race

package quantile

// raceEnabled shortens the accuracy matrix, which has one goroutine per row and so nothing to show to the race detector.
const raceEnabled = true
