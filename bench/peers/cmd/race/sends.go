// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/quipu-metrics/quipu/bench/peers/internal/results"
)

// sendsTable has what the roads need to send counters, or a mix in which most samples are of
// histograms.
func (d *data) sendsTable(mixed bool) string {
	var t strings.Builder
	t.WriteString("| library | protocol | samples a second | CPU for a sample | on the wire | allocations " +
		"| allocated | alive at most | resident at most |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range d.sends.Rows {
		if (r.Histograms > 0) != mixed {
			continue
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Library, road(&r),
			sendCell(&r, "samples/s", count), sendCell(&r, "cpu-ns/sample", nanoseconds),
			sendCell(&r, "bytes/sample", byteSize), sendCell(&r, "allocs/sample", significant),
			sendCell(&r, "B/sample", byteSize), sendCell(&r, "live-B", byteSize), sendCell(&r, "resident-B", byteSize))
	}
	return t.String()
}

// sendsLatency has the times of updates while a send is under way.
func (d *data) sendsLatency() string {
	var t strings.Builder
	t.WriteString("| library | protocol | p99 without a send | p99 during sends | p99.9 without | p99.9 during " +
		"| million updates a second without | during |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range d.sends.Rows {
		if _, ok := r.Figures["p99-idle"]; !ok {
			continue
		}
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Library, road(&r),
			sendCell(&r, "p99-idle", nanoseconds), sendCell(&r, "p99-sending", nanoseconds),
			sendCell(&r, "p99.9-idle", nanoseconds), sendCell(&r, "p99.9-sending", nanoseconds),
			sendCell(&r, "Mupdates/s-off", significant), sendCell(&r, "Mupdates/s", significant))
	}
	return t.String()
}

// sendsHeader says when and where the roads were measured.
func (d *data) sendsHeader() string {
	h := d.sends.Header
	return fmt.Sprintf("%s, %d cores, commit %s, %s; number of rounds: %d, time for all: %s",
		h.CPU, h.CPUs, h.Commit, h.Date, d.sends.Rounds, d.sends.Took)
}

// road names the protocol of a row.
func road(r *results.SendRow) string { return r.Protocol + ", " + r.Compression }

func sendCell(r *results.SendRow, unit string, show func(float64) string) string {
	s, ok := r.Figures[unit]
	if !ok {
		return "n/a"
	}
	return show(s.Median)
}

func nanoseconds(v float64) string { return withUnit(v, "ns") }

func byteSize(v float64) string { return withUnit(v, "B") }
