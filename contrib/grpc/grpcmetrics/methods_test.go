// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
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

func TestTwoGoroutinesFindOneEntryForEachMethod(t *testing.T) {
	const rounds = 2 * maxMethods
	m := testMethods(t, engine.NewRegistry(), nil)
	var found [2][rounds]*method
	find := func(to *[rounds]*method) func(int) {
		return func(round int) {
			to[round] = m.find(unary, fmt.Sprintf("/a/%d", round), true)
			to[round].begin()
		}
	}
	testkit.Together(rounds, find(&found[0]), find(&found[1]))
	require.EqualValues(t, maxMethods, m.count.Load())
	for round := range rounds {
		require.Same(t, found[0][round], found[1][round])
		if round < maxMethods {
			require.NotSame(t, m.overflow[unary], found[0][round])
			require.Equal(t, 2.0, found[0][round].started.Load().Value())
		}
	}
	require.EqualValues(t, 2*(rounds-maxMethods), m.overflow[unary].started.Load().Value())
}

// The second of two goroutines that miss a method comes to add when the first has been there.
func TestAMethodIsAddedOnceAndOnlyIfThereIsRoom(t *testing.T) {
	m := testMethods(t, engine.NewRegistry(), nil)
	add := func(full string) *method { return m.add(unary, full, m.overflow[unary]) }
	first := add("/a/0")
	require.Same(t, first, add("/a/0"))
	require.EqualValues(t, 1, m.count.Load())
	for i := range maxMethods {
		add(fmt.Sprintf("/a/%d", i))
	}
	require.Same(t, first, add("/a/0"))
	require.Same(t, m.overflow[unary], add("/a/more"))
	require.EqualValues(t, maxMethods, m.count.Load())
}
