// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// The pages of a fixed set of registries are files in testdata/pages, byte for byte. They change
// only when a page is meant to change, with
//
//	go test ./engine -run TestPagesAreTheGoldenOnes -update
//
// Registries are built in a bubble of package testing/synctest, where time passes only when all
// goroutines sleep, so that timers, functions that hang and the registry's own metrics are the same
// on every machine. Where several values are added up, their sum is exact in any order.

// goldenDir holds the golden files: pages that are kept whole, and the length and SHA-256 of every
// page in sums.txt.
const goldenDir = "testdata/pages"

// goldenKept is the length of the longest page that is kept whole.
const goldenKept = 16 << 10

// goldenExposition is a way to write a page.
type goldenExposition struct {
	name string
	kept bool
	engine.Exposition
}

// goldenExpositions are written one after another from one registry. None changes what the next
// one shows.
var goldenExpositions = []goldenExposition{
	{"text", true, engine.Exposition{}},
	{"openmetrics", false, engine.Exposition{Format: openMetrics}},
	{"created.openmetrics", true, engine.Exposition{Format: openMetrics, Created: true}},
	{"protobuf", true, engine.Exposition{Format: protobuf}},
	{"whole.protobuf", false, engine.Exposition{Format: protobuf, WholeFamilies: true}},
	{"created.text", false, engine.Exposition{Created: true}},
	{"created.protobuf", false, engine.Exposition{Format: protobuf, Created: true}},
	{"whole.text", false, engine.Exposition{WholeFamilies: true}},
	{"whole.openmetrics", false, engine.Exposition{Format: openMetrics, WholeFamilies: true}},
	{"named.text", false, engine.Exposition{Names: goldenNames}},
	{"named.openmetrics", false, engine.Exposition{Names: goldenNames, Format: openMetrics, Created: true}},
	{"named.protobuf", false, engine.Exposition{Names: goldenNames, Format: protobuf}},
}

// goldenSelfExpositions show the registry's own metrics, too, and count the ones before.
var goldenSelfExpositions = []goldenExposition{
	{"self.first.text", false, engine.Exposition{}},
	{"self.text", true, engine.Exposition{}},
	{"self.openmetrics", false, engine.Exposition{Format: openMetrics}},
	{"self.created.openmetrics", true, engine.Exposition{Format: openMetrics, Created: true}},
	{"self.protobuf", true, engine.Exposition{Format: protobuf}},
	{"self.named.text", false, engine.Exposition{Names: goldenNames}},
	{"self.named.openmetrics", false, engine.Exposition{Names: goldenNames, Format: openMetrics}},
	{"self.named.protobuf", false, engine.Exposition{Names: goldenNames, Format: protobuf}},
}

// goldenNames are the names that a page of named families shows: some of every registry, and some
// that are in none.
var goldenNames = []string{
	"whole_total", "jobs", "jobs_total", "pi", "around_zero", "native_seconds", "in_seconds", "plain_seconds",
	"shop_orders_total", "shop_wait_seconds", "shop_typed_total", "shop_conns_total", "hostile", "long_total",
	"full_total", "shop_gauge_part", "shop_gauge_hangs", "pool_latency_seconds", "pool_size", "traced_total",
	"traced_native", "early_total", "run_seconds", "large", "large_native",
	"quipu_series", "quipu_scrape_duration_seconds", "quipu_callback_failures_total", "absent", "",
}

// goldenClock is a registry's clock, which only a test moves.
type goldenClock struct{ nanos atomic.Int64 }

func (c *goldenClock) now() time.Time      { return time.Unix(0, c.nanos.Load()) }
func (c *goldenClock) set(seconds int64)   { c.nanos.Store(seconds * 1e9) }
func (c *goldenClock) add(d time.Duration) { c.nanos.Add(int64(d)) }

// goldenCheck checks that definitions have succeeded.
func goldenCheck(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// goldenRegistry returns an empty registry at a fixed time that logs nothing.
func goldenRegistry(options ...engine.RegistryOption) (*engine.Registry, *goldenClock) {
	c := new(goldenClock)
	c.nanos.Store(1_700_000_000_250 * 1e6)
	options = append(options, engine.WithClock(c.now), engine.WithLogger(slog.New(slog.DiscardHandler)))
	return engine.NewRegistry(options...), c
}

func TestPagesAreTheGoldenOnes(t *testing.T) {
	if *update {
		require.NoError(t, os.RemoveAll(goldenDir))
		require.NoError(t, os.MkdirAll(goldenDir, 0o755))
	}
	var sums strings.Builder
	files := []string{"sums.txt"}
	for _, g := range goldenRegistries {
		pages := func(expositions []goldenExposition, self, kept bool) {
			synctest.Test(t, func(t *testing.T) {
				r, done := g.build(t)
				defer done()
				for _, e := range expositions {
					e.NoSelf = !self
					page, name := goldenPage(t, r, e.Exposition), g.name+"."+e.name
					fmt.Fprintf(&sums, "%x %6d %s\n", sha256.Sum256(page), len(page), name)
					if kept && e.kept && len(page) > len("# EOF\n") && len(page) <= goldenKept {
						files = append(files, name)
						requireGolden(t, name, page, e.Format)
					}
				}
			})
		}
		pages(goldenExpositions, false, true)
		if !g.large {
			pages(goldenSelfExpositions, true, g.self)
		}
	}
	requireGolden(t, "sums.txt", []byte(sums.String()), encode.Text)
	entries, err := os.ReadDir(goldenDir)
	require.NoError(t, err)
	var there []string
	for _, entry := range entries {
		there = append(there, entry.Name())
	}
	require.ElementsMatch(t, files, there, "the golden files are those that are compared")
}

// goldenPage returns a page on which every NaN is positive. Processors disagree about the sign of
// that which a sum of both infinities is, and protobuf carries it.
func goldenPage(t *testing.T, r *engine.Registry, e engine.Exposition) []byte {
	t.Helper()
	page := expose(t, r, e)
	if e.Format != protobuf {
		return page
	}
	negative := binary.LittleEndian.AppendUint64(nil, 0xFFF8<<48)
	return bytes.ReplaceAll(page, negative, binary.LittleEndian.AppendUint64(nil, 0x7FF8<<48))
}

// requireGolden compares a page with its file, or writes the file.
func requireGolden(t *testing.T, name string, page []byte, fm encode.Format) {
	t.Helper()
	file := filepath.Join(goldenDir, name)
	if *update {
		require.NoError(t, os.WriteFile(file, page, 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	if !bytes.Equal(golden, page) && fm != protobuf {
		require.Equal(t, string(golden), string(page), name) // shows the difference
	}
	require.True(t, bytes.Equal(golden, page), "%s: the page is\n%x\nthe file is\n%x", name, page, golden)
}
