// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestEveryCodeOfGRPCHasItsLabel(t *testing.T) {
	var s codeSet
	for code := range codes.Code(standardCodes) {
		require.Equal(t, code.String(), s.label(s.index(code)))
	}
	require.Equal(t, "Code(17)", codes.Code(standardCodes).String(), "gRPC has a code more")
}

func TestNumbersThatAreNoCodesAreBounded(t *testing.T) {
	reg := engine.NewRegistry()
	m := testMethods(t, reg, nil).find(unary, "/a/b", true)
	const more = 10_000
	for i := range codes.Code(more) {
		m.byCode(1<<32 - 1 - i).Inc()
	}
	m.byCode(1<<32 - 1).Inc()
	handled := m.families.handled
	require.Equal(t, 2.0, handled.With("unary", "a", "b", "Code(4294967295)").Value())
	require.Equal(t, 1.0, handled.With("unary", "a", "b", "Code(4294967280)").Value())
	require.Equal(t, float64(more-maxOtherCodes), handled.With("unary", "a", "b", "other").Value())
	require.Equal(t, maxOtherCodes+1, seriesOf(t, reg, "grpc_server_handled_total"))
}

func TestTwoGoroutinesGiveEachNumberOneLabel(t *testing.T) {
	const sets, numbers = 50, 2 * maxOtherCodes
	list := make([]codeSet, sets)
	var labels [2][sets * numbers]string
	label := func(to *[sets * numbers]string) func(int) {
		return func(round int) {
			s := &list[round/numbers]
			to[round] = s.label(s.index(codes.Code(standardCodes + round%numbers)))
		}
	}
	testkit.Together(sets*numbers, label(&labels[0]), label(&labels[1]))
	for round, got := range labels[0] {
		require.Equal(t, got, labels[1][round])
		want := otherCode
		if number := round % numbers; number < maxOtherCodes {
			want = codes.Code(standardCodes + number).String()
		}
		require.Equal(t, want, got)
	}
}

// Two goroutines may find at once that a number is not there, or that there is one place left. The
// second one comes to add when the first has been there.
func TestANumberIsAddedOnceAndOnlyIfThereIsRoom(t *testing.T) {
	var s codeSet
	first := s.add(codes.Code(standardCodes))
	require.Equal(t, first, s.add(codes.Code(standardCodes)))
	require.Len(t, s.load(), 1)
	for i := range codes.Code(maxOtherCodes - 1) {
		s.add(1000 + i)
	}
	require.Len(t, s.load(), maxOtherCodes)
	require.Equal(t, otherCode, s.label(s.add(5000)))
	require.Len(t, s.load(), maxOtherCodes)
}

// nothing is an error whose status is nil.
type nothing struct{}

func (nothing) Error() string              { return "nothing" }
func (nothing) GRPCStatus() *status.Status { return nil }

func TestTheCodeOfAnErrorIsThatWhichGRPCSends(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want codes.Code
	}{
		{nil, codes.OK},
		{status.Error(codes.NotFound, ""), codes.NotFound},
		{fmt.Errorf("around: %w", status.Error(codes.NotFound, "")), codes.NotFound},
		{errors.New("plain"), codes.Unknown},
		{context.Canceled, codes.Canceled},
		{fmt.Errorf("around: %w", context.DeadlineExceeded), codes.DeadlineExceeded},
		{nothing{}, codes.Unknown},
		{status.Error(99, ""), 99},
	} {
		require.Equal(t, tt.want, codeOf(tt.err), "%v", tt.err)
	}
}

func TestAllLabelsOfAllMethodsFitIntoTheFamilies(t *testing.T) {
	reg := engine.NewRegistry()
	families, err := defineFamilies(reg, serverSide, &settings{times: &layout{}})
	require.NoError(t, err)
	m := newMethods(families, nil)
	for i := range maxMethods + 1 {
		for code := range codes.Code(codeLabels + 1) {
			m.find(unary, fmt.Sprintf("/a/%d", i), true).end(t.Context(), code, time.Now())
		}
	}
	require.Equal(t, (maxMethods+1)*codeLabels, seriesOf(t, reg, "grpc_server_handled_total"))
	require.Equal(t, maxMethods+1, seriesOf(t, reg, "grpc_server_handling_seconds"))
}

// seriesOf returns how many series a metric has.
func seriesOf(t *testing.T, reg *engine.Registry, name string) int {
	t.Helper()
	info, found := reg.Lookup(name)
	require.True(t, found, name)
	return info.Series
}
