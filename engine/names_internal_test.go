// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
		require.Equal(t, test.apart, test.a.apart(&test.b), test.name)
		require.Equal(t, test.apart, test.b.apart(&test.a), "%s, the other way round", test.name)
	}
}
