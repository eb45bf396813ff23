// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheResourceIsThatOfTheProgramAndOfTheEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		own  engine.Labels
		env  map[string]string
		want engine.Labels
		warn bool
	}{
		"nothing": {want: engine.Labels{"service.name": "unknown_service:shop"}},
		"the environment": {
			env:  map[string]string{resourceVariable: " service.name=a , zone = eu%2C1%20=,,empty="},
			want: engine.Labels{"service.name": "a", "zone": "eu,1 ="},
		},
		"the service's variable wins": {
			env:  map[string]string{resourceVariable: "service.name=a,zone=eu", serviceVariable: "b"},
			want: engine.Labels{"service.name": "b", "zone": "eu"},
		},
		"the program wins": {
			own:  engine.Labels{"service.name": "c", "x": "1"},
			env:  map[string]string{resourceVariable: "service.name=a,x=2,zone=eu", serviceVariable: "b"},
			want: engine.Labels{"service.name": "c", "x": "1", "zone": "eu"},
		},
		"one fault makes the list void": {
			env:  map[string]string{resourceVariable: "a=1,b=%zz"},
			want: engine.Labels{"service.name": "unknown_service:shop"}, warn: true,
		},
		"no equals sign": {
			env:  map[string]string{resourceVariable: "a"},
			want: engine.Labels{"service.name": "unknown_service:shop"}, warn: true,
		},
		"no UTF-8": {
			env:  map[string]string{resourceVariable: "a=%ff", serviceVariable: "\xff"},
			want: engine.Labels{"service.name": "unknown_service:shop"}, warn: true,
		},
	} {
		got, warning := resourceOf(c.own, func(name string) string { return c.env[name] }, "/usr/bin/shop\xff")
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.warn, warning != nil, name)
	}
}

// FuzzParseAttributes wants no attribute that a request could not have.
func FuzzParseAttributes(f *testing.F) {
	f.Add("a=1,b=%20")
	f.Fuzz(func(t *testing.T, list string) {
		all, err := parseAttributes(list)
		require.True(t, err == nil || len(all) == 0)
		message := appendResource(nil, all)
		require.NotEmpty(t, message)
		for name, value := range all {
			require.NotEmpty(t, name)
			require.NotEmpty(t, value)
		}
	})
}
