// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

func process(reg *engine.Registry) error { return reg.Register(newProcessCollector()) }

// ticksPerSecond is the unit of times in /proc (USER_HZ). It is part of the kernel's interface to
// programs, and is 100 on every architecture that Go supports.
const ticksPerSecond = 100

type processCollector struct {
	buf       []byte // holds the file being read
	pageSize  float64
	startTime float64 // in seconds since 1970; 0 if unknown

	cpu, openFDs, maxFDs, virtual, maxVirtual, resident, start, received, sent engine.Collected
}

func newProcessCollector() *processCollector {
	c := &processCollector{buf: make([]byte, 8<<10), pageSize: float64(os.Getpagesize())}
	// The start time is read once, because the boot time in /proc/stat moves when the clock is set.
	c.startTime, _ = readStartTime() // after an error, the family is left out
	return c
}

// Define implements [engine.Collector].
func (c *processCollector) Define(d *engine.Definitions) {
	c.cpu = d.Counter("process_cpu_seconds_total",
		"CPU time that the process has used, its own and the kernel's for it.",
		nil)
	c.openFDs = d.Gauge("process_open_fds", "Open descriptors.", nil)
	c.maxFDs = d.Gauge("process_max_fds", "How many descriptors may be open.", nil)
	c.virtual = d.Gauge("process_virtual_memory_bytes", "Size of the address space in use.", nil)
	c.maxVirtual = d.Gauge("process_virtual_memory_max_bytes",
		"How large that may become; 2^64-1 when there is no limit.",
		nil)
	c.resident = d.Gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", nil)
	c.start = d.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", nil)
	c.received = d.Counter("process_network_receive_bytes_total",
		"Bytes of IP packets received in the process' network namespace.", nil)
	c.sent = d.Counter("process_network_transmit_bytes_total",
		"Bytes of IP packets sent in the process' network namespace.", nil)
}

// Collect implements [engine.Collector]. It leaves out a metric whose value cannot be read.
func (c *processCollector) Collect(e *engine.Emission) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		e.Emit(c.cpu, seconds(usage.Utime)+seconds(usage.Stime))
	}
	if n, err := openDescriptors(c.buf); err == nil {
		e.Emit(c.openFDs, float64(n))
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		e.Emit(c.maxFDs, float64(limit.Cur))
	}
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) == nil {
		e.Emit(c.maxVirtual, float64(limit.Cur))
	}
	if c.startTime > 0 {
		e.Emit(c.start, c.startTime)
	}
	if text, err := c.read("/proc/self/statm"); err == nil {
		if virtual, resident, ok := memoryPages(text); ok {
			e.Emit(c.virtual, float64(virtual)*c.pageSize)
			e.Emit(c.resident, float64(resident)*c.pageSize)
		}
	}
	if text, err := c.read("/proc/self/net/netstat"); err == nil {
		if received, ok := netstat(text, "IpExt:", "InOctets"); ok {
			e.Emit(c.received, float64(received))
		}
		if sent, ok := netstat(text, "IpExt:", "OutOctets"); ok {
			e.Emit(c.sent, float64(sent))
		}
	}
}

func seconds(t syscall.Timeval) float64 { return time.Duration(t.Nano()).Seconds() }

// read reads a file into the collector's buffer, which the next call overwrites. Package os would
// allocate more.
func (c *processCollector) read(path string) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	for n := 0; ; {
		if n == len(c.buf) {
			c.buf = append(c.buf, make([]byte, len(c.buf))...)
		}
		switch m, err := syscall.Read(fd, c.buf[n:]); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return nil, err
		case m == 0:
			return c.buf[:n], nil
		default:
			n += m
		}
	}
}

const descriptors = "/proc/self/fd"

// openDescriptors returns how many descriptors are open. Since Linux 6.2 that is the size of the
// directory.
func openDescriptors(buf []byte) (int, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(descriptors, &stat); err == nil && stat.Size > 0 {
		return int(stat.Size), nil
	}
	return listDescriptors(buf)
}

// listDescriptors counts the entries of the directory. buf is overwritten.
func listDescriptors(buf []byte) (int, error) {
	fd, err := syscall.Open(descriptors, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer syscall.Close(fd)
	entries := 0
	for {
		n, err := syscall.ReadDirent(fd, buf)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return 0, err
		}
		if n == 0 {
			return entries - 3, nil // without ".", ".." and the descriptor that reads the directory
		}
		entries += countEntries(buf[:max(n, 0)])
	}
}

// countEntries counts the directory entries in a list that getdents64 has written. An entry begins
// with an inode number of 8 bytes, an offset of 8 bytes, and its own length in 2 bytes.
func countEntries(list []byte) int {
	const lengthAt = 16
	n := 0
	for len(list) >= lengthAt+2 {
		length := int(binary.NativeEndian.Uint16(list[lengthAt:]))
		if length == 0 || length > len(list) {
			break
		}
		list = list[length:]
		n++
	}
	return n
}

// memoryPages parses the first two numbers of /proc/self/statm.
func memoryPages(text []byte) (virtual, resident uint64, ok bool) {
	first, text := cutField(text)
	second, _ := cutField(text)
	virtual, ok1 := number(first)
	resident, ok2 := number(second)
	return virtual, resident, ok1 && ok2
}

// netstat finds a value in a file of pairs of lines. The first line of a pair has names and the
// second has values; both begin with the name of a table.
func netstat(text []byte, table, name string) (uint64, bool) {
	for len(text) > 0 {
		names, rest, _ := bytes.Cut(text, []byte("\n"))
		values, rest, _ := bytes.Cut(rest, []byte("\n"))
		text = rest
		var key, value []byte
		key, names = cutField(names)
		if string(key) != table {
			continue
		}
		_, values = cutField(values)
		for len(names) > 0 {
			key, names = cutField(names)
			value, values = cutField(values)
			if string(key) == name {
				return number(value)
			}
		}
	}
	return 0, false
}

// cutField returns the text up to the next space, and the text after it.
func cutField(text []byte) (field, rest []byte) {
	field, rest, _ = bytes.Cut(bytes.TrimLeft(text, " "), []byte(" "))
	return field, rest
}

// number parses a number. The conversion to a string does not allocate if the number is short.
func number(digits []byte) (n uint64, ok bool) {
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 10, 64)
	return n, err == nil
}

// readStartTime returns when the process started. The kernel rounds its boot time, so the result is
// accurate to about a second.
func readStartTime() (float64, error) {
	self, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	system, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	return startTime(self, system)
}

var errStat = errors.New("quipu: /proc does not say when the process started")

// startTime adds the boot time in /proc/stat and the time from boot to the start of the process,
// which is field 22 of /proc/self/stat. Field 2 of that file is a name in parentheses, which may
// contain spaces and parentheses.
func startTime(self, system []byte) (float64, error) {
	_, after, found := bytes.Cut(system, []byte("\nbtime "))
	boot, _, _ := bytes.Cut(after, []byte("\n"))
	booted, ok := number(boot)
	fields := bytes.Fields(self[bytes.LastIndexByte(self, ')')+1:]) // from field 3
	if !found || !ok || len(fields) < 20 {
		return 0, errStat
	}
	ticks, ok := number(fields[19])
	if !ok {
		return 0, errStat
	}
	return float64(booted) + float64(ticks)/ticksPerSecond, nil
}
