// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Reaches reports whether a value leads to a string with one of the secrets that a program which
// dumps values would show: one that follows pointers and reads unexported fields, but cannot look
// into functions.
func Reaches(v any, secrets ...string) bool {
	return reaches(reflect.ValueOf(v), secrets, 12, map[uintptr]bool{})
}

func reaches(v reflect.Value, secrets []string, depth int, seen map[uintptr]bool) bool {
	if depth == 0 {
		return false
	}
	inside := func(v reflect.Value) bool { return reaches(v, secrets, depth-1, seen) }
	switch v.Kind() {
	case reflect.String:
		return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(v.String(), secret) })
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return false
		}
		seen[v.Pointer()] = true
		return inside(v.Elem())
	case reflect.Interface:
		return !v.IsNil() && inside(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if inside(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if inside(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if inside(k) || inside(v.MapIndex(k)) {
				return true
			}
		}
	}
	return false
}

// RequireHidden requires that an error and all errors in its chain show none of the secrets: in
// their texts, or to a program that dumps values.
func RequireHidden(t testing.TB, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Fatalf("an error shows %q: %s", secret, text)
			}
		}
	}
	if Reaches(err, secrets...) {
		t.Fatalf("a dump of an error shows secrets: %T, %v", err, err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		RequireHidden(t, e.Unwrap(), secrets...)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			RequireHidden(t, err, secrets...)
		}
	}
}
