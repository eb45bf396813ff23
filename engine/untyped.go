// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/encode"

// Only sources have families of these types. Their series have one value, as those of gauges have.
var (
	untypedKind  = valueKind(&rules{typ: encode.Untyped})
	infoKind     = valueKind(&rules{typ: encode.Info})
	stateSetKind = valueKind(&rules{typ: encode.StateSet})
)

func valueKind(r *rules) kind {
	return kind{
		rules: r, append: appendGauge, present: gaugeKind.present, fits: gaugeKind.fits, take: gaugeKind.take,
	}
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
