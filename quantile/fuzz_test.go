// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// FuzzRankError lets the fuzzer choose the order, the values, the batches and the ends of slices.
// It compares estimates with the sorted observations.
func FuzzRankError(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add([]byte("\x00\x00\x00\x01\x80\x00\xff\xff\x7f\xff\xfe\x00"), byte(1))
	f.Add([]byte("the quick brown fox jumps over the lazy dog and does so again and again "+
		"until the window has turned"), byte(5))
	ramp := make([]byte, 4000)
	for i := range len(ramp) / 2 {
		binary.BigEndian.PutUint16(ramp[2*i:], uint16(i*(1-2*(i%2))))
	}
	f.Add(ramp, byte(3))
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		age := time.Duration(how&1) * time.Minute
		fd := newFeeder(mustObjectives(t, objectiveSets[int(how>>1)%len(objectiveSets)]), age)
		data = data[:min(len(data), 8000)]
		checks := 0
		var batch []float64
		for ; len(data) >= 2; data = data[2:] {
			u := binary.BigEndian.Uint16(data)
			switch u {
			case 0xffff:
				if age > 0 {
					fd.nextSlice()
				}
				continue
			case 0xfffe, 0x7ff0:
				batch = append(batch, math.Inf(int(u)-0x8000))
			default:
				batch = append(batch, float64(int16(u)))
			}
			if u%16 == 3 || len(batch) == chunkLen {
				fd.feed(batch)
				batch = batch[:0]
				if checks++; checks%max(1, checks/8) == 0 { // less and less often, because each check sorts everything
					fd.check(t)
				}
			}
		}
		if len(batch) > 0 {
			fd.feed(batch)
		}
		fd.check(t)
	})
}
