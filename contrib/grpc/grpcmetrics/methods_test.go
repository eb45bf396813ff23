// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestFullMethodsAreSplitAtTheSecondSlash(t *testing.T) {
	for full, want := range map[string][2]string{
		"/package.Service/Method": {"package.Service", "Method"},
		"package.Service/Method":  {"package.Service", "Method"},
		"/a/b/c":                  {"a", "b/c"},
		"//Method":                {"", "Method"},
		"/Service/":               {"Service", ""},
		"/":                       {unknown, unknown},
		"":                        {unknown, unknown},
		"/Method":                 {unknown, unknown},
		"Method":                  {unknown, unknown},
	} {
		service, method := split(full)
		require.Equal(t, want, [2]string{service, method}, full)
	}
}

func FuzzSplit(f *testing.F) {
	for _, full := range []string{"/package.Service/Method", "a/b", "/", "//", "///", "", "\xff/\x00"} {
		f.Add(full)
	}
	f.Fuzz(func(t *testing.T, full string) {
		service, method := split(full)
		require.NotContains(t, service, "/")
		if service == unknown && method == unknown || len(full) > engine.MaxLabelValue {
			return // long names are cut
		}
		require.Equal(t, strings.TrimPrefix(full, "/"), service+"/"+method)

		reg := engine.NewRegistry(engine.WithStrict())
		families, err := defineFamilies(reg, clientSide, &settings{})
		require.NoError(t, err)
		m := newMethods(families, nil)
		require.Same(t, m.find(unary, full, true), m.find(unary, full, true))
		m.find(unary, full, true).begin()
		require.Equal(t, 1.0, families.started.With(typeLabels[unary], service, method).Value())
	})
}

func TestTypesOfCalls(t *testing.T) {
	require.Equal(t, clientStream, streamType(true, false))
	require.Equal(t, serverStream, streamType(false, true))
	require.Equal(t, bidiStream, streamType(true, true))
	require.Equal(t, bidiStream, streamType(false, false)) // of a stream that gRPC cannot know
	require.Equal(t, unary, methodType(false, false))
	require.Equal(t, bidiStream, methodType(true, true))
}

func testMethods(t *testing.T, reg *engine.Registry, skip func(string) bool) *methods {
	t.Helper()
	families, err := defineFamilies(reg, serverSide, &settings{})
	require.NoError(t, err)
	return newMethods(families, skip)
}

func TestAMethodThatIsNotRegisteredGetsNoEntry(t *testing.T) {
	m := testMethods(t, engine.NewRegistry(), func(method string) bool { return method == "/a/skipped" })
	require.Same(t, m.unregistered[bidiStream], m.find(bidiStream, "/a/b", false))
	require.Nil(t, m.find(bidiStream, "/a/skipped", false))
	require.Zero(t, m.count.Load())
	known := m.find(bidiStream, "/a/b", true)
	require.Same(t, known, m.find(bidiStream, "/a/b", false), "it is known now")
	require.NotSame(t, known, m.find(clientStream, "/a/b", true))
}

func TestSkippedMethodsBeyondTheLimitAreSkippedToo(t *testing.T) {
	skip := func(method string) bool { return strings.HasPrefix(method, "/skipped/") }
	m := testMethods(t, engine.NewRegistry(), skip)
	for i := range maxMethods / 2 {
		require.NotNil(t, m.find(unary, fmt.Sprintf("/a/%d", i), true))
		require.Nil(t, m.find(unary, fmt.Sprintf("/skipped/%d", i), true))
	}
	require.EqualValues(t, maxMethods, m.count.Load())
	require.Nil(t, m.find(unary, "/skipped/more", true))
	require.Same(t, m.overflow[unary], m.find(unary, "/a/more", true))
	require.Same(t, m.overflow[bidiStream], m.find(bidiStream, "/a/0", true))
	require.EqualValues(t, maxMethods, m.count.Load())
}

func TestLongMethodsAreCutBeforeTheyAreKept(t *testing.T) {
	m := testMethods(t, engine.NewRegistry(), nil)
	long := "/a/" + strings.Repeat("x", engine.MaxLabelValue)
	require.Same(t, m.find(unary, long, true), m.find(unary, long+"y", true))
	m.known[unary].Range(func(key string, _ *method) bool {
		require.Len(t, key, engine.MaxLabelValue)
		return true
	})
}

func TestManyGoroutinesFindOneEntryForEachMethod(t *testing.T) {
	const goroutines, names = 8, 2 * maxMethods
	m := testMethods(t, engine.NewRegistry(), nil)
	found := make([][names]*method, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range names {
				found[g][i] = m.find(unary, fmt.Sprintf("/a/%d", i), true)
				found[g][i].begin()
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, maxMethods, m.count.Load())
	own, total := 0, 0.0
	for i := range names {
		for g := range goroutines {
			require.Same(t, found[0][i], found[g][i])
		}
		if found[0][i] != m.overflow[unary] {
			own++
			total += found[0][i].started.Load().Value()
		}
	}
	require.Equal(t, maxMethods, own)
	require.EqualValues(t, goroutines*names, total+m.overflow[unary].started.Load().Value())
}
