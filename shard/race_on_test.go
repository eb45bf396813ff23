// SPDX-License-Identifier: Apache-2.0

//go:build race

package shard

// raceEnabled keeps tests from timing code under the race detector, which slows it down unevenly.
const raceEnabled = true
