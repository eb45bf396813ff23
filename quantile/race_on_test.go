// SPDX-License-Identifier: Apache-2.0

//go:build race

package quantile

// raceEnabled shortens the accuracy matrix. Each of its rows has one goroutine, and so nothing to
// show to the race detector.
const raceEnabled = true
