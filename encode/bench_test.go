// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func BenchmarkAppendUint(b *testing.B) {
	for _, digits := range []int{1, 3, 6, 10, 16, 20} {
		values := make([]uint64, 256)
		lo := uint64(1)
		for range digits - 1 {
			lo *= 10
		}
		for i := range values {
			values[i] = lo + rand.Uint64N(min(9*(lo/1), 1<<62))
			if digits == 20 {
				values[i] = lo + rand.Uint64N(1<<62)
			}
		}
		name := strconv.Itoa(digits) + "digits"
		var dst [64]byte
		b.Run(name+"/encode", func(b *testing.B) {
			i := 0
			for b.Loop() {
				AppendUint(dst[:0], values[i&255])
				i++
			}
		})
		b.Run(name+"/strconv", func(b *testing.B) {
			i := 0
			for b.Loop() {
				strconv.AppendUint(dst[:0], values[i&255], 10)
				i++
			}
		})
	}
}

func BenchmarkAppendFloat(b *testing.B) {
	kinds := map[string]func() float64{
		"integral": func() float64 { return float64(rand.IntN(1e7)) },
		"decimal2": func() float64 { return float64(rand.IntN(1e7)) / 100 },
		"decimal6": func() float64 { return float64(rand.IntN(1e9)) / 1e6 },
		"random":   func() float64 { return rand.Float64() * 1000 },
		"time":     func() float64 { return 1.7e9 + float64(rand.IntN(1e6))/1e3 },
	}
	for _, kind := range []string{"integral", "decimal2", "decimal6", "time", "random"} {
		values := make([]float64, 256)
		for i := range values {
			values[i] = kinds[kind]()
		}
		var dst [64]byte
		b.Run(kind+"/encode", func(b *testing.B) {
			i := 0
			for b.Loop() {
				AppendFloat(dst[:0], values[i&255])
				i++
			}
		})
		b.Run(kind+"/strconv", func(b *testing.B) {
			i := 0
			for b.Loop() {
				strconv.AppendFloat(dst[:0], values[i&255], 'g', -1, 64)
				i++
			}
		})
	}
}

func BenchmarkSeries(b *testing.B) {
	labels := string(AppendLabel(AppendLabel(nil, "method", "GET"), "code", "200"))
	f := NewFamily("http_requests_total", "h", "", Counter, nil)
	for fm := Text; fm <= Protobuf; fm++ {
		buf := make([]byte, 0, 1<<16)
		b.Run("counter/"+fm.String(), func(b *testing.B) {
			s := CounterSample{Int: 1234567}
			dst := buf[:0]
			b.ReportAllocs()
			for b.Loop() {
				if len(dst) > 60000 {
					dst = dst[:0]
				}
				s.Int++
				dst = f.AppendCounter(dst, fm, labels, &s)
			}
		})
	}
}
