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
	f := newFeed(&NewRegistry().core, &changingSource{}, 0)
	count := func() (n int) {
		for _, headers := range f.headers {
			n += len(headers)
		}
		return n
	}
	b := newFeedBuffer()
	for range maxHeaders {
		f.run(&b)
	}
	require.Equal(t, maxHeaders, count())
	for range maxHeaders / 10 {
		f.run(&b)
	}
	require.Equal(t, maxHeaders/10, count())
}

// A header is rendered once for all calls that write the same.
func TestHeadersAreKeptFromCallToCall(t *testing.T) {
	r := NewRegistry()
	require.NoError(t, r.Attach(sameSource{}))
	expose := func() *fedHeader {
		_, err := r.Expose(io.Discard, Exposition{})
		require.NoError(t, err)
		return r.contents.Load().feeds[0].(*feed).headers["x"][0]
	}
	first := expose()
	require.Same(t, first, expose())
}

type sameSource struct{}

func (sameSource) Emit(_ context.Context, w *Writer) error {
	w.Gauge("x", "Help.", 1)
	return nil
}
