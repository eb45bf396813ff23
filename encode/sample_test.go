// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTimesThatNoCalendarKnowsAreLeftOut(t *testing.T) {
	f := NewFamily("c", "", "", Counter, nil)
	for _, at := range []float64{0, -1, math.NaN(), math.Inf(1), 1e300} {
		for format := Text; format <= Protobuf; format++ {
			want := f.AppendCounter(nil, format, "", &CounterSample{Int: 1, Exemplar: &Exemplar{Value: 1}})
			got := f.AppendCounter(nil, format, "",
				&CounterSample{Int: 1, Created: at, Exemplar: &Exemplar{Value: 1, Timestamp: at}})
			require.Equal(t, want, got, "%v %v", format, at)
		}
	}
}
