// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageOf returns the text page without the registry's own metrics.
func pageOf(t *testing.T, r *Registry) string {
	t.Helper()
	var b strings.Builder
	_, err := r.Expose(&b, Exposition{NoSelf: true})
	require.NoError(t, err)
	return b.String()
}

type traceKey struct{}

func traceOf(ctx context.Context) Labels {
	if id, ok := ctx.Value(traceKey{}).(string); ok {
		return Labels{"trace_id": id}
	}
	return nil
}

func withTrace(id string) context.Context {
	return context.WithValue(context.Background(), traceKey{}, id)
}
