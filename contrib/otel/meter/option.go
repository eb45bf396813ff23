// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"reflect"
	"unsafe"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// optionWords are the words of an interface value: its type, and the address of its value.
type optionWords struct{ typ, value unsafe.Pointer }

// attributeOption is the type of the options with attributes, if they are pointers to a set, and
// otherwise nil.
var attributeOption = typeOfAttributeOption()

func typeOfAttributeOption() unsafe.Pointer {
	set := attribute.NewSet(attribute.Int("n", 1))
	var o any = metric.WithAttributeSet(set)
	t := reflect.TypeOf(o)
	if !knownLayout || unsafe.Sizeof(o) != unsafe.Sizeof(optionWords{}) || t.Kind() != reflect.Pointer ||
		t.Elem().Kind() != reflect.Struct || t.Elem().NumField() != 1 || t.Elem().Field(0).Type != reflect.TypeOf(set) {
		return nil
	}
	return (*optionWords)(unsafe.Pointer(&o)).typ
}

// onlySet returns the set of the only option, if it is one with attributes. Reading it there saves
// making a configuration of the options, which costs more than the rest of a measurement
// (BenchmarkFind). A program may replace the set of an option by another one, as the options
// implement the experimental interface x.Settable, so the set is read anew each time. O is an
// interface.
func onlySet[O any](options []O) *attribute.Set {
	if len(options) != 1 || attributeOption == nil {
		return nil
	}
	o := any(options[0])
	if w := (*optionWords)(unsafe.Pointer(&o)); w.typ == attributeOption {
		return (*attribute.Set)(w.value) // nil for an option that is nil
	}
	return nil
}

// seriesOf returns the series of a measurement with these options. attributes makes their set.
func seriesOf[M, O any](h *handles[M], options []O, attributes func([]O) attribute.Set) *M {
	if set := onlySet(options); set != nil {
		return h.find(*set)
	}
	return h.find(attributes(options))
}
