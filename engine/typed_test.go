// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

type (
	verb   string
	status int16
	yes    bool
)

// Embedded is exported, as a label that is an embedded field must be.
type Embedded string

type everyKind struct {
	S   string
	B   bool
	I   int
	I8  int8
	I16 int16
	I32 int32
	I64 int64
	U   uint
	U8  uint8
	U16 uint16
	U32 uint32
	U64 uint64
	V   verb
	St  status
	Y   yes
	Embedded
}

func TestTypedLabelsOfEveryKindAtTheirLimits(t *testing.T) {
	r := engine.NewRegistry()
	v, err := engine.RegisterCounterOf[everyKind](r, "c_total", "")
	require.NoError(t, err)
	info, _ := r.Lookup("c_total")
	require.Equal(t, strings.Fields("s b i i8 i16 i32 i64 u u8 u16 u32 u64 v st y embedded"), info.Labels)

	low := everyKind{
		"", false, math.MinInt, -128, -32768, math.MinInt32, math.MinInt64, 0, 0, 0, 0, 0, "", -1, false, "",
	}
	high := everyKind{"a", true, math.MaxInt, 127, 32767, math.MaxInt32, math.MaxInt64, math.MaxUint, 255, 65535,
		math.MaxUint32, math.MaxUint64, "GET", 7, true, "e"}
	v.With(low).Add(1)
	v.With(high).Add(2)
	declared, err := r.NewCounterVec("c_total", "", info.Labels)
	require.NoError(t, err)
	minInt, maxInt, maxUint := "-9223372036854775808", "9223372036854775807", "18446744073709551615"
	if math.MaxInt == math.MaxInt32 {
		minInt, maxInt, maxUint = "-2147483648", "2147483647", "4294967295"
	}
	require.Same(t, v.With(low), declared.With("", "false", minInt, "-128", "-32768", "-2147483648",
		"-9223372036854775808", "0", "0", "0", "0", "0", "", "-1", "false", ""))
	require.Same(t, v.With(high), declared.With("a", "true", maxInt, "127", "32767", "2147483647",
		"9223372036854775807",
		maxUint, "255", "65535", "4294967295", "18446744073709551615", "GET", "7", "true", "e"))
	require.Len(t, valuesOf(t, r), 2)

	require.True(t, v.Delete(low))
	require.False(t, v.Delete(low))
	v.Reset()
	require.False(t, v.Delete(high))
	require.Empty(t, valuesOf(t, r))
}

func TestTypedLabelNames(t *testing.T) {
	type names struct {
		StatusCode int
		HTTPMethod string
		ID         string
		UserID     string
		Tagged     string `label:"other_name" json:"x"`
		A1B        string
		X_y        string //lint:ignore ST1003 The test is about such a name.
	}
	r := engine.NewRegistry()
	_, err := engine.RegisterGaugeOf[names](r, "g", "")
	require.NoError(t, err)
	info, _ := r.Lookup("g")
	require.Equal(t, strings.Fields("status_code http_method id user_id other_name a1_b x_y"), info.Labels)
}

func TestStructsThatCannotBeLabelsAreErrors(t *testing.T) {
	type hidden struct{ a string }
	type blank struct {
		A string
		_ int
	}
	type float struct{ A float64 }
	type complexed struct{ A complex128 }
	type pointer struct{ A *string }
	type pointerSize struct{ A uintptr }
	type iface struct{ A any }
	type array struct{ A [2]string }
	type nested struct{ A hidden }
	type channel struct{ A chan int }
	type when struct{ A time.Time }
	type embedding struct{ everyKind }
	type twice struct {
		A string
		B string `label:"a"`
	}
	type tag struct {
		A string `label:"a-b"`
	}
	type reserved struct {
		A string `label:"__a"`
	}
	type bound struct{ Le string }
	type rank struct{ Quantile float32 }
	type accent struct{ Größe string }
	type seventeen struct{ A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q string }
	r := engine.NewRegistry()
	for name, define := range map[string]func() error{
		"no struct":         func() error { _, err := engine.RegisterCounterOf[string](r, "x", ""); return err },
		"array no struct":   func() error { _, err := engine.RegisterCounterOf[[2]string](r, "x", ""); return err },
		"pointer to struct": func() error { _, err := engine.RegisterCounterOf[*float](r, "x", ""); return err },
		"unexported":        func() error { _, err := engine.RegisterCounterOf[hidden](r, "x", ""); return err },
		"blank":             func() error { _, err := engine.RegisterCounterOf[blank](r, "x", ""); return err },
		"float":             func() error { _, err := engine.RegisterGaugeOf[float](r, "x", ""); return err },
		"complex":           func() error { _, err := engine.RegisterGaugeOf[complexed](r, "x", ""); return err },
		"pointer":           func() error { _, err := engine.RegisterHistogramOf[pointer](r, "x", ""); return err },
		"uintptr":           func() error { _, err := engine.RegisterHistogramOf[pointerSize](r, "x", ""); return err },
		"interface":         func() error { _, err := engine.RegisterHistogramOf[iface](r, "x", ""); return err },
		"array":             func() error { _, err := engine.RegisterSummaryOf[array](r, "x", ""); return err },
		"nested":            func() error { _, err := engine.RegisterSummaryOf[nested](r, "x", ""); return err },
		"channel":           func() error { _, err := engine.RegisterCounterOf[channel](r, "x", ""); return err },
		"time":              func() error { _, err := engine.RegisterCounterOf[when](r, "x", ""); return err },
		"embedded":          func() error { _, err := engine.RegisterCounterOf[embedding](r, "x", ""); return err },
		"twice":             func() error { _, err := engine.RegisterCounterOf[twice](r, "x", ""); return err },
		"bad tag":           func() error { _, err := engine.RegisterCounterOf[tag](r, "x", ""); return err },
		"reserved":          func() error { _, err := engine.RegisterCounterOf[reserved](r, "x", ""); return err },
		"le":                func() error { _, err := engine.RegisterHistogramOf[bound](r, "x", ""); return err },
		"quantile":          func() error { _, err := engine.RegisterSummaryOf[rank](r, "x", ""); return err },
		"name not ASCII":    func() error { _, err := engine.RegisterCounterOf[accent](r, "x", ""); return err },
		"too many":          func() error { _, err := engine.RegisterCounterOf[seventeen](r, "x", ""); return err },
	} {
		err := define()
		require.ErrorIs(t, err, engine.ErrLabel, name)
		require.Contains(t, err.Error(), `"x"`, name)
		_, ok := r.Lookup("x")
		require.False(t, ok, name)
	}
	_ = hidden{}.a
}

// Positions, maps and structs with the same labels lead to the same series, and Delete takes each
// of them.
func TestPositionsMapsAndStructsNameTheSameSeries(t *testing.T) {
	type set struct {
		B int
		A string
	}
	r := engine.NewRegistry()
	vec, err := r.NewSummaryVec("s", "", []string{"b", "a"})
	require.NoError(t, err)
	typed, err := engine.RegisterSummaryOf[set](r, "s", "")
	require.NoError(t, err)
	for _, value := range []string{"x", "", "1", `quo"te`, `back\slash`, "new\nline", `",a="`, "\xff\xfe", "}", "é",
		strings.Repeat("é", 2000)} {
		one := vec.With("-3", value)
		require.Same(t, one, vec.WithLabels(engine.Labels{"a": value, "b": "-3"}), "%q", value)
		require.Same(t, one, typed.With(set{-3, value}), "%q", value)
		require.NotSame(t, one, vec.With(value, "-3"), "%q", value)
	}
	require.True(t, vec.Delete("-3", "x"))
	require.True(t, vec.DeleteLabels(engine.Labels{"a": "\xff\xfe", "b": "-3"}))
	require.True(t, typed.Delete(set{-3, strings.Repeat("é", 2000)}))
	require.False(t, typed.Delete(set{-3, "x"}))
	require.False(t, vec.Delete("-3"))
	require.False(t, vec.Delete("-3", "1", "2"))
	require.False(t, vec.DeleteLabels(engine.Labels{"a": "1"}))
	require.False(t, vec.DeleteLabels(engine.Labels{"a": "1", "c": "-3"}))
	require.False(t, vec.DeleteLabels(nil))
}

func TestOneStructMayHaveNoFields(t *testing.T) {
	r := engine.NewRegistry()
	v, err := engine.RegisterCounterOf[struct{}](r, "c_total", "")
	require.NoError(t, err)
	v.With(struct{}{}).Inc()
	vec, err := r.NewCounterVec("c_total", "", []string{})
	require.NoError(t, err)
	vec.With().Inc()
	vec.WithLabels(nil).Inc()
	require.Equal(t, map[string]string{"c_total": "3"}, valuesOf(t, r))
	require.True(t, vec.Delete())
	require.Empty(t, valuesOf(t, r))
}
