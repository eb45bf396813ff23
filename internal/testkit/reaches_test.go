// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReachesFindsSecretsWhereverADumpWouldShowThem(t *testing.T) {
	type ring struct {
		next   *ring
		secret string
	}
	circle := &ring{}
	circle.next = &ring{next: circle, secret: "my hunter2"}
	for name, v := range map[string]any{
		"text": "hunter2", "field behind pointers": circle, "slice": []any{1, "hunter2"}, "array": [1]string{"hunter2"},
		"key": map[string]int{"hunter2": 1}, "value": map[int]any{1: &circle.next.secret},
	} {
		require.True(t, Reaches(v, "other", "hunter2"), name)
		require.False(t, Reaches(v, "other"), name)
	}
	secret := "hunter2"
	for name, v := range map[string]any{
		"function": func() string { return secret }, "nothing": nil, "no pointer": (*ring)(nil), "number": 2,
		"empty": ring{},
	} {
		require.False(t, Reaches(v, "hunter2"), name)
	}
}
