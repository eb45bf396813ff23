// SPDX-License-Identifier: Apache-2.0

//go:build race

package shard

// raceEnabled: the detector slows things down unevenly, so nothing is timed under it.
const raceEnabled = true
