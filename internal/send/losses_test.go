// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATurnWithoutLossesHasNoError(t *testing.T) {
	losses := newSenderFor(t, "http://gw").NewLosses()
	require.NoError(t, losses.Err("samples", "batches"))
}

func TestTheErrorOfATurnHasTheSumAndTheFirstErrors(t *testing.T) {
	losses := newSenderFor(t, "http://gw").NewLosses()
	for _, text := range []string{"one", "two", "three", "four"} {
		require.False(t, losses.Add(t.Context(), errors.New("quipu: otlp: "+text), 5))
	}
	err := losses.Err("samples", "batches")
	require.EqualError(t, err, "quipu: otlp: 20 samples in 4 batches did not arrive: one\ntwo\nthree")
}

func TestTheErrorThatEndsATurnComesFirst(t *testing.T) {
	losses := newSenderFor(t, "http://gw").NewLosses()
	for range 4 {
		require.False(t, losses.Add(t.Context(), &StatusError{Status: 400}, 1))
	}
	require.True(t, losses.Add(t.Context(), &StatusError{Status: 503}, 1))
	losses.AddFollowing()
	err := losses.Err("points", "requests")
	require.ErrorContains(t, err, "5 points in 5 requests did not arrive, and what comes after them was not sent: ")
	var status *StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, 503, status.Status)
}

func TestNothingArrivesAfterTheEndOfItsContext(t *testing.T) {
	losses := newSenderFor(t, "http://gw").NewLosses()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cause := errors.New("no time")
	require.True(t, losses.Add(ctx, cause, 1))
	require.ErrorIs(t, losses.Err("samples", "batches"), cause)
}
