// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory is the memory in use, in bytes.
type memory struct{ virtual, swap float64 }

func readMemory() (memory, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return memory{}, err
	}
	return parseMemory(string(text))
}

// parseMemory parses lines such as "MemTotal:  2043128 kB".
func parseMemory(text string) (memory, error) {
	kib := make(map[string]float64)
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			if n, err := strconv.ParseUint(fields[0], 10, 64); err == nil {
				kib[name] = float64(n)
			}
		}
	}
	for _, name := range []string{"MemTotal", "MemAvailable", "SwapTotal", "SwapFree"} {
		if _, ok := kib[name]; !ok {
			return memory{}, fmt.Errorf("/proc/meminfo has no %s", name)
		}
	}
	return memory{
		virtual: (kib["MemTotal"] - kib["MemAvailable"]) * 1024,
		swap:    (kib["SwapTotal"] - kib["SwapFree"]) * 1024,
	}, nil
}

// cpuMeter measures the usage of each core between two calls of read.
type cpuMeter struct{ last []cpuTime }

// cpuTime is the time of a core since the machine started, in ticks.
type cpuTime struct{ busy, total float64 }

// read returns the usage of each core in percent: since the last call or, in the first call, since
// the machine started.
func (m *cpuMeter) read() ([]float64, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil, err
	}
	now, err := parseCPU(string(text))
	if err != nil {
		return nil, err
	}
	percent := make([]float64, len(now))
	for core := range now {
		spent := now[core]
		if core < len(m.last) {
			spent.busy -= m.last[core].busy
			spent.total -= m.last[core].total
		}
		if spent.total > 0 {
			// The kernel's counter of iowait may decrease a little.
			percent[core] = min(max(0, 100*spent.busy/spent.total), 100)
		}
	}
	m.last = now
	return percent, nil
}

// parseCPU parses lines such as "cpu0 user nice system idle iowait irq softirq steal guest
// guest_nice". user and nice already include the time of guests. The line "cpu" is the sum of all
// cores.
func parseCPU(text string) ([]cpuTime, error) {
	const idle, iowait, steal = 3, 4, 7
	var cores []cpuTime
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) <= steal+1 || !strings.HasPrefix(fields[0], "cpu") || fields[0] == "cpu" {
			continue
		}
		var t cpuTime
		for i, field := range fields[1 : steal+2] {
			ticks, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, err
			}
			t.total += ticks
			if i != idle && i != iowait {
				t.busy += ticks
			}
		}
		cores = append(cores, t)
	}
	if len(cores) == 0 {
		return nil, errors.New("/proc/stat has no cores")
	}
	return cores, nil
}
