// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestProcessMetricsAreSane(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Process(reg))
	page := pageOf(t, reg)

	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	require.EqualValues(t, limit.Cur, page.Value(t, "process_max_fds"))
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_AS, &limit))
	require.EqualValues(t, float64(limit.Cur), page.Value(t, "process_virtual_memory_max_bytes"))

	resident := page.Value(t, "process_resident_memory_bytes")
	require.Greater(t, resident, 1e6)
	require.GreaterOrEqual(t, page.Value(t, "process_virtual_memory_bytes"), resident)

	started := page.Value(t, "process_start_time_seconds")
	info, err := os.Stat("/proc/self")
	require.NoError(t, err)
	require.InDelta(t, float64(info.ModTime().Unix()), started, 600)
	require.LessOrEqual(t, started, float64(time.Now().Unix()+2))
}

func TestCPUTimeIsCounted(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Process(reg))
	before := pageOf(t, reg).Value(t, "process_cpu_seconds_total")
	var sum float64
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		sum += float64(began.Nanosecond())
	}
	require.NotZero(t, sum)
	// A busy machine may give this process only a small part of the 50 ms.
	require.Greater(t, pageOf(t, reg).Value(t, "process_cpu_seconds_total"), before+0.001)
}

func TestOpenDescriptorsAreCountedOneByOne(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Process(reg))
	buf := make([]byte, 64) // room for two entries, so that the list is read in pieces
	count := map[string]func() int{
		"page": func() int { return int(pageOf(t, reg).Value(t, "process_open_fds")) },
		"list": func() int { n, err := listDescriptors(buf); require.NoError(t, err); return n },
		"size": func() int { n, err := openDescriptors(buf); require.NoError(t, err); return n },
	}
	for name, count := range count {
		t.Run(name, func(t *testing.T) {
			before := count()
			var files []*os.File
			for range 50 {
				file, err := os.Open(os.DevNull)
				require.NoError(t, err)
				files = append(files, file)
			}
			require.Equal(t, before+50, count())
			for _, file := range files {
				require.NoError(t, file.Close())
			}
			require.Equal(t, before, count())
		})
	}
	require.Equal(t, count["list"](), count["size"]())
}

func TestFilesLongerThanTheBufferAreReadWhole(t *testing.T) {
	want, err := os.ReadFile("/proc/self/net/netstat")
	require.NoError(t, err)
	c := processCollector{buf: make([]byte, 1)}
	got, err := c.read("/proc/self/net/netstat")
	require.NoError(t, err)
	require.InDelta(t, len(want), len(got), 100) // numbers grow
	_, err = c.read("/proc/self/no-such-file")
	require.ErrorIs(t, err, syscall.ENOENT)
}

func TestNetworkCountersAreThoseOfTheIPTable(t *testing.T) {
	const text = "TcpExt: InOctets Other\nTcpExt: 1 2\n" +
		"IpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 18446744073709551615 7\n"
	for _, test := range []struct {
		text, name string
		want       uint64
		ok         bool
	}{
		{text, "InOctets", 1<<64 - 1, true},
		{text, "OutOctets", 7, true},
		{text, "Other", 0, false},
		{"", "InOctets", 0, false},
		{"IpExt: InOctets", "InOctets", 0, false},
		{"IpExt: InOctets\nIpExt:", "InOctets", 0, false},
		{"IpExt: InOctets\nIpExt: x\n", "InOctets", 0, false},
	} {
		got, ok := netstat([]byte(test.text), "IpExt:", test.name)
		require.Equal(t, test.ok, ok, "%q %s", test.text, test.name)
		require.Equal(t, test.want, got, "%q %s", test.text, test.name)
	}
}

func TestMemoryPagesAreTheFirstTwoNumbers(t *testing.T) {
	virtual, resident, ok := memoryPages([]byte("310402 1234 567 1 0 89 0\n"))
	require.True(t, ok)
	require.EqualValues(t, 310402, virtual)
	require.EqualValues(t, 1234, resident)
	for _, text := range []string{"", "1", "x 1", "1 x"} {
		_, _, ok := memoryPages([]byte(text))
		require.False(t, ok, text)
	}
}

func TestStartTimeIsFoundBehindAnyName(t *testing.T) {
	const fields = " S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 12345 1 1\n"
	const system = "cpu 1 2 3\nbtime 1700000000\nprocesses 1\n"
	for _, name := range []string{"(a)", "(a b)", "(a) S 1 (b)", "(\n)"} {
		got, err := startTime([]byte("7 "+name+fields), []byte(system))
		require.NoError(t, err)
		require.Equal(t, 1700000123.45, got, name)
	}
	for _, self := range []string{
		"", "7 (a)", "7 (a) S 1 1", "7 (a) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 x 1",
	} {
		_, err := startTime([]byte(self), []byte(system))
		require.Error(t, err, self)
	}
	_, err := startTime([]byte("7 (a)"+fields), []byte("cpu 1 2 3\n"))
	require.Error(t, err)
}
