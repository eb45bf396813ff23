// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"errors"
	"fmt"
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

// shows is an error that a dump shows more of than its text.
type shows struct{ text, field string }

func (e *shows) Error() string { return e.text }

func TestRequireHiddenLooksAtAllErrorsOfAChain(t *testing.T) {
	bad := errors.New("my hunter2")
	for name, err := range map[string]error{
		"text": bad, "field": &shows{"no", "hunter2"}, "cause": fmt.Errorf("%.0w", bad),
		"one of two": errors.Join(errors.New("no"), fmt.Errorf("%.0w", &shows{"", "hunter2"})),
	} {
		require.NotEmpty(t, record(t, func(r *recorder) { RequireHidden(r, err, "hunter2") }).failed, name)
		require.Empty(t, record(t, func(r *recorder) { RequireHidden(r, err, "hunter3") }).failed, name)
	}
	RequireHidden(t, nil, "hunter2")
}
