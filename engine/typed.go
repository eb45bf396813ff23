// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"github.com/quipu-metrics/quipu/encode"
)

// Typed label sets. L is a struct whose exported fields are the labels, in order:
//
//	type route struct {
//		Method string `label:"method"`
//		Code   int    `label:"code"`
//	}
//
// Fields may be strings, integers and booleans, and types made of these. Without a tag a label is
// named after its field, in snake case: StatusCode becomes status_code. Reflection happens once,
// when the metric is defined; after that a field is read at its offset in memory.

const (
	// maxTyped is the most fields a label struct may have, so that their values fit on the stack of
	// a lookup.
	maxTyped = 16

	// fewFields is the number of labels that most structs do not exceed. Clearing room for maxTyped
	// takes longer than the lookup of a few labels.
	fewFields = 4

	// maxDigits is the longest decimal form of an integer, its sign included.
	maxDigits = 20
)

// field is one label of a struct.
type field struct {
	offset uintptr
	kind   reflect.Kind
}

// structLabels returns the fields and the label names of a label struct.
func structLabels(t reflect.Type) (fields []field, names []string, err error) {
	if t.Kind() != reflect.Struct {
		return nil, nil, fmt.Errorf("%w: %v is not a struct", ErrLabel, t)
	}
	if t.NumField() > maxTyped {
		return nil, nil, fmt.Errorf("%w: %v has %d fields, at most %d are supported", ErrLabel, t, t.NumField(),
			maxTyped)
	}
	for f := range t.Fields() {
		if !f.IsExported() {
			return nil, nil, fmt.Errorf("%w: field %s of %v is not exported, so it cannot be a label", ErrLabel,
				f.Name, t)
		}
		switch k := f.Type.Kind(); {
		case k == reflect.String, k == reflect.Bool, k >= reflect.Int && k <= reflect.Uint64:
		default:
			return nil, nil, fmt.Errorf("%w: field %s of %v is a %v: use a string, an integer or a bool",
				ErrLabel, f.Name, t, f.Type)
		}
		name := f.Tag.Get("label")
		if name == "" {
			name = snake(f.Name)
		}
		fields = append(fields, field{f.Offset, f.Type.Kind()})
		names = append(names, name)
	}
	return fields, names, nil
}

// snake turns StatusCode and HTTPMethod into status_code and http_method.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// value returns the label value of the field of the struct at p. An integer is written into buf,
// which the result then shares and which has maxDigits bytes for each integer; rest is the unused
// part of buf.
func (f field) value(p unsafe.Pointer, buf []byte) (value string, rest []byte) {
	p = unsafe.Add(p, f.offset)
	var n int64
	switch f.kind {
	case reflect.String:
		return *(*string)(p), buf
	case reflect.Bool:
		return strconv.FormatBool(*(*bool)(p)), buf // one of two constants
	case reflect.Int:
		n = int64(*(*int)(p))
	case reflect.Int8:
		n = int64(*(*int8)(p))
	case reflect.Int16:
		n = int64(*(*int16)(p))
	case reflect.Int32:
		n = int64(*(*int32)(p))
	case reflect.Int64:
		n = *(*int64)(p)
	case reflect.Uint8:
		n = int64(*(*uint8)(p))
	case reflect.Uint16:
		n = int64(*(*uint16)(p))
	case reflect.Uint32:
		n = int64(*(*uint32)(p))
	case reflect.Uint:
		return inPlace(encode.AppendUint(buf[:0], uint64(*(*uint)(p))))
	default:
		return inPlace(encode.AppendUint(buf[:0], *(*uint64)(p)))
	}
	if n >= 0 {
		return inPlace(encode.AppendUint(buf[:0], uint64(n)))
	}
	return inPlace(strconv.AppendInt(buf[:0], n, 10))
}

// inPlace returns text as a string without copying it, and the room behind it.
func inPlace(text []byte) (value string, rest []byte) {
	return stringOf(text), text[len(text):cap(text)]
}

// typed is a family whose label sets are values of L. All Of types embed it.
type typed[L comparable, M any] struct {
	vec    vec[M]
	fields []field
}

func (t *typed[L, M]) with(labels L) *M {
	if len(t.fields) > fewFields {
		return t.withMany(&labels)
	}
	// The arrays stay on the stack only while this loop is here: in another function, storing
	// through a pointer would move them to the heap.
	var list [fewFields]string
	var room [fewFields * maxDigits]byte
	rest := room[:]
	for i, f := range t.fields {
		list[i%fewFields], rest = f.value(unsafe.Pointer(&labels), rest)
	}
	return t.vec.with(list[:len(t.fields)])
}

func (t *typed[L, M]) withMany(labels *L) *M {
	var list [maxTyped]string
	var room [maxTyped * maxDigits]byte
	rest := room[:]
	for i, f := range t.fields {
		list[i%maxTyped], rest = f.value(unsafe.Pointer(labels), rest)
	}
	return t.vec.with(list[:len(t.fields)])
}

// Name returns the name of the metric, with the registry's prefix.
func (t *typed[L, M]) Name() string { return t.vec.Name() }

func (t *typed[L, M]) definedBy() *family { return t.vec.fam }

// Delete removes the series with these labels and reports whether it was there. Handles to it go on
// working; nobody sees what they count.
func (t *typed[L, M]) Delete(labels L) bool {
	values := make([]string, len(t.fields))
	rest := make([]byte, len(t.fields)*maxDigits)
	for i, f := range t.fields {
		values[i], rest = f.value(unsafe.Pointer(&labels), rest)
	}
	return t.vec.Delete(values...)
}

// DeleteWhere removes the series that have all these labels, and returns how many there were on
// pages: see [CounterVec.DeleteWhere].
func (t *typed[L, M]) DeleteWhere(labels Labels) int { return t.vec.DeleteWhere(labels) }

// Reset removes all series.
func (t *typed[L, M]) Reset() { t.vec.Reset() }

// defineOf defines a metric with the labels of struct L.
func defineOf[L comparable, M any](r *Registry, k *kind, name, help string,
	options []MetricOption) (t typed[L, M], err error) {
	d := definition{rules: k.rules, name: name, help: help, vec: true}
	fields, names, err := structLabels(reflect.TypeFor[L]())
	if err != nil {
		return t, d.wrap(err)
	}
	d.labels = names
	f, err := r.define(k, d, options)
	if err != nil {
		return t, err
	}
	return typed[L, M]{newVec[M](f), fields}, nil
}
