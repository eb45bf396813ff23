// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"reflect"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world is a program's objects on both sides. What has the same index is the same on each.
type world struct {
	sides  [2]*side // ours and theirs
	panics bool     // collectors may panic, so nothing stands in wrappers that must not

	// invalid says that a curried value is not UTF-8. Lookups do without such values then: ours
	// find a series that the curried Vec has made, and client_golang's return an error.
	invalid bool
}

// side is a program's objects.
type side struct {
	api

	collectors  []client.Collector
	vecs        []vec
	metrics     []client.Metric
	registries  []registry
	registerers []client.Registerer
}

const registries = 3

func newWorld(t *rapid.T) *world {
	w := &world{panics: rapid.IntRange(0, 3).Draw(t, "panics") == 0}
	for i, a := range []api{ours, theirs} {
		s := &side{api: a}
		s.registries = []registry{a.newRegistry(), a.newRegistry(), a.newPedanticRegistry()}
		for _, r := range s.registries {
			s.registerers = append(s.registerers, r)
		}
		w.sides[i] = s
	}
	return w
}

// both does the same on both sides, and compares what is returned or the panic. It reports whether
// there was none.
func (w *world) both(t *rapid.T, what string, do func(s *side) string) bool {
	t.Helper()
	got, ok := attempt(w.sides[0], do)
	want, _ := attempt(w.sides[1], do)
	require.Equal(t, want, got, what)
	return ok
}

func attempt(s *side, do func(s *side) string) (text string, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			text, ok = words(fmt.Sprintf("panic: %v", r)), false
			if err, is := r.(error); is {
				text += "; " + s.registration(err)
			}
		}
	}()
	return do(s), true
}

// registration returns the text of an error of a registry.
func (s *side) registration(err error) string {
	if already, ok := err.(client.AlreadyRegisteredError); ok {
		return fmt.Sprintf("%v: there is %s, not %s", err,
			s.collector(already.ExistingCollector), s.collector(already.NewCollector))
	}
	return errorText(err)
}

// collector says which collector it is.
func (s *side) collector(c client.Collector) string {
	for i, one := range s.collectors {
		if one == c {
			return fmt.Sprint("collector ", i)
		}
	}
	for i, one := range s.registries {
		if one == c {
			return fmt.Sprint("registry ", i)
		}
	}
	if c == nil {
		return "nil"
	}
	return "a wrapper"
}

// anyOf returns the index of an element, or skips the action.
func anyOf[T any](t *rapid.T, list []T, what string) int {
	if len(list) == 0 {
		t.Skip("there is none")
	}
	return rapid.IntRange(0, len(list)-1).Draw(t, what)
}

// found keeps a metric that a lookup has returned, and returns its number: a lookup of the same
// series returns the same metric.
func (s *side) found(m client.Metric, err error) string {
	if m == nil || err != nil || reflect.ValueOf(m).IsNil() {
		return fmt.Sprint("none: ", errorText(err), m != nil && !reflect.ValueOf(m).IsNil())
	}
	for i, one := range s.metrics {
		if one == m {
			return fmt.Sprint("metric ", i)
		}
	}
	s.metrics = append(s.metrics, m)
	return "another"
}
