// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContentTypesAreWhatPrometheusAsksFor(t *testing.T) {
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", Text.ContentType())
	require.Equal(t, "application/openmetrics-text; version=1.0.0; charset=utf-8", OpenMetrics.ContentType())
	require.Equal(t, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
		Protobuf.ContentType())
}
