// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/quipu-metrics/quipu/encode"
)

// Only sources have families of these types. Their series have one value, as those of gauges have.
// Parsers of OpenMetrics refuse an information that is not 1 and a state that is not 0 or 1.
var (
	untypedKind  = valueKind(&rules{typ: encode.Untyped}, gaugeKind.fits)
	infoKind     = valueKind(&rules{typ: encode.Info, ending: "_info"}, fitsInfo)
	stateSetKind = valueKind(&rules{typ: encode.StateSet, states: true}, fitsState)
)

func valueKind(r *rules, fits func(*definition, float64, int) (fault, error)) kind {
	return kind{rules: r, append: appendGauge, present: gaugeKind.present, fits: fits, take: gaugeKind.take}
}

func fitsInfo(_ *definition, value float64, _ int) (fault, error) {
	if value == 1 {
		return 0, nil
	}
	return faultState, fmt.Errorf("%v for an information, whose value is 1", value)
}

func fitsState(_ *definition, value float64, _ int) (fault, error) {
	if value == 0 || value == 1 {
		return 0, nil
	}
	return faultState, fmt.Errorf("%v for a state, whose value is 0 or 1", value)
}

// fedKinds are the kinds of families that a source may write.
var fedKinds = [...]*kind{
	&counterKind, &gaugeKind, &histogramKind, &summaryKind, &untypedKind, &infoKind, &stateSetKind,
}

// kindOf returns the kind of a type, or nil if there is none.
func kindOf(t encode.Type) *kind {
	for _, k := range fedKinds {
		if k.typ == t {
			return k
		}
	}
	return nil
}
