// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// changingSource writes one gauge, with a help text that no other call has had.
type changingSource struct{ calls int }

func (s *changingSource) Emit(_ context.Context, w *Writer) error {
	s.calls++
	w.Gauge("x", fmt.Sprint("As of call ", s.calls, "."), 1)
	return nil
}

// A source whose help text has the time in it made every scrape keep one more header for ever.
func TestHeadersThatChangeWithEveryCallAreBounded(t *testing.T) {
	f := newAttachedSource(&NewRegistry().core, &changingSource{}, 0)
	b := newSourceBuffer()
	most := 0
	for range 10 * spareHeaders {
		f.run(&b)
		most = max(most, len(f.headers.byHash))
	}
	require.Equal(t, spareHeaders+3, most)
}

// A header is rendered once for all calls that write the same, however many there are.
func TestHeadersAreKeptFromCallToCall(t *testing.T) {
	r := NewRegistry()
	require.NoError(t, r.Attach(sameSource{}))
	expose := func() map[*sourceHeader]bool {
		_, err := r.Expose(io.Discard, Exposition{})
		require.NoError(t, err)
		have := map[*sourceHeader]bool{}
		for _, h := range r.contents.Load().sources[0].(*attachedSource).headers.byHash {
			have[h] = true
		}
		return have
	}
	first := expose()
	require.Len(t, first, 12_000)
	for range 3 {
		require.Equal(t, first, expose())
	}
}

type sameSource struct{}

func (sameSource) Emit(_ context.Context, w *Writer) error {
	for i := range 12_000 {
		w.Gauge(fmt.Sprint("x", i), "Help.", 1)
	}
	return nil
}
