// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hasName searches the sorted families; it must find exactly the names that definitions claim.
func TestLookingUpNamesAgreesWithTheirClaims(t *testing.T) {
	r := NewRegistry()
	for i, name := range []string{"a", "a_total", "b_total", "bb_total", "c", "cc", "c_sum_x",
		"d_count", "d", "z_created"} {
		var err error
		switch i % 4 {
		case 0:
			_, err = r.NewHistogram("h_"+name, "")
		case 1:
			_, err = r.NewSummary("s_"+name, "")
		case 2:
			_, err = r.NewCounter("c_"+name, "")
		default:
			_, err = r.NewGauge("g_"+name, "")
		}
		require.NoError(t, err)
		_, err = r.NewCounter(name, "")
		require.NoError(t, err)
	}
	families := r.list().families
	claims := map[string]bool{}
	for _, p := range families {
		for _, name := range p.def.samples(p.name) {
			claims[name] = true
		}
	}
	for name := range claims {
		require.True(t, hasName(families, name), name)
		for _, suffix := range []string{"_count", "_sum", "_bucket", "_created", "_total", "x"} {
			require.Equal(t, claims[name+suffix], hasName(families, name+suffix), name+suffix)
			cut := strings.TrimSuffix(name, suffix)
			require.Equal(t, claims[cut], hasName(families, cut), cut)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { hasName(families, "h_a_bucket_created") }))
}

func TestDefinitionsAreApartWhenNoLabelSetCanBelongToBoth(t *testing.T) {
	def := func(consts Labels, labels ...string) definition {
		return definition{vec: true, consts: consts, labels: labels}
	}
	open := func(consts Labels) definition { return definition{vec: true, open: true, consts: consts} }
	for _, test := range []struct {
		name  string
		a, b  definition
		apart bool
	}{
		{"no labels at all", def(nil), def(nil), false},
		{"constants of two values", def(Labels{"pool": "a"}), def(Labels{"pool": "b"}), true},
		{"constants of one value", def(Labels{"pool": "a"}), def(Labels{"pool": "a"}), false},
		{"a constant that the other lacks", def(Labels{"pool": "a"}), def(nil), true},
		{"a constant that is variable in the other", def(Labels{"pool": "a"}), def(nil, "pool"), false},
		{"a constant that may come up in an open set", def(Labels{"pool": "a"}), open(nil), false},
		{"constants of two values, one of them open", def(Labels{"pool": "a"}), open(Labels{"pool": "b"}), true},
		{"open sets with constants of two values", open(Labels{"pool": "a"}), open(Labels{"pool": "b"}), true},
		{"an open set's constant that the other lacks", open(Labels{"pool": "a"}), def(nil, "x"), true},
		{"an empty constant counts as absent", def(Labels{"pool": ""}), def(nil), false},
		{"an empty constant against a value", def(Labels{"pool": ""}), def(Labels{"pool": "a"}), true},
		{"an empty constant against a variable label", def(Labels{"pool": ""}), def(nil, "pool"), false},
		{"one of two constants", def(Labels{"pool": "a", "zone": "1"}), def(Labels{"pool": "a", "zone": "2"}), true},
		{"one constant variable, another absent", def(Labels{"pool": "a", "zone": "1"}), def(nil, "pool"), true},
		{"variable labels alone set nothing apart: they may be empty", def(nil, "a"), def(nil, "b"), false},
		{"other label names beside constants", def(Labels{"pool": "a"}, "x"), def(Labels{"pool": "b"}, "y", "z"), true},
	} {
		a, b := &place{def: &test.a}, &place{def: &test.b}
		require.Equal(t, test.apart, a.apart(b), test.name)
		require.Equal(t, test.apart, b.apart(a), "%s, the other way round", test.name)
	}
}
