// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func labelsOf(pairs ...string) (text []byte) {
	for i := 0; i < len(pairs); i += 2 {
		text = appendLabel(text, pairs[i], pairs[i+1])
	}
	return text
}

func TestTheListOfASendHasAllOfItsSeriesInOrder(t *testing.T) {
	var s sent
	for round := range 2 { // the second one in the memory of the first
		s.reset()
		var want []string
		for f := range 3 {
			sh := shape{name: fmt.Sprint("m", f), numbers: []float64{1, float64(f)}, classic: true}
			for i := range 500 {
				labels := labelsOf("path", fmt.Sprint("/items/", i*7919%500), "z\x00é", fmt.Sprint(round))
				s.add(s.shapeOf(&sh), labels)
				want = append(want, sh.name+string(labels))
			}
		}
		require.Len(t, s.shapes, 3)
		var got []string
		for sh, labels := range s.all() {
			require.True(t, sh.classic)
			require.Len(t, sh.numbers, 2)
			got = append(got, sh.name+string(labels))
		}
		require.Equal(t, want, got)
	}
}

func TestAFamilyWithOtherBoundsIsAnotherShapeAndTheSameSeries(t *testing.T) {
	var s sent
	a := shape{name: "h", numbers: []float64{1}, classic: true}
	b := shape{name: "h", numbers: []float64{1, 2}, classic: true}
	require.Equal(t, 0, s.shapeOf(&a))
	require.Equal(t, 1, s.shapeOf(&b))
	require.Equal(t, 0, s.shapeOf(&a))
}

func TestTheListOfAMillionSeriesTakesFewBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	var s sent
	sh := shape{name: "requests_total"}
	number := s.shapeOf(&sh)
	for i := range 1_000_000 {
		host, path := fmt.Sprint("host-", i%1000), fmt.Sprint("/api/v1/items/", i)
		s.add(number, labelsOf("code", "200", "host", host, "path", path))
	}
	total := len(s.chunks) * chunkSize
	t.Logf("%d bytes for each series", total/1_000_000)
	require.Less(t, total, 16<<20)
}

func TestSeriesWithAnyNumbersOfLabelsStandOnTheList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s sent
	var want []string
	for range 5_000 {
		sh := shape{name: fmt.Sprint("m", random.IntN(3))}
		var labels []byte
		for i := range random.IntN(5) * random.IntN(20) {
			value := strings.Repeat("v", random.IntN(4)) + fmt.Sprint(random.IntN(3))
			labels = appendLabel(labels, fmt.Sprint("l", i), value)
		}
		if random.IntN(500) == 0 {
			labels = appendLabel(labels, "long", strings.Repeat("x", 100_000))
		}
		s.add(s.shapeOf(&sh), labels)
		want = append(want, sh.name+string(labels))
	}
	var got []string
	for sh, labels := range s.all() {
		got = append(got, sh.name+string(labels))
	}
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
}

func TestTheSetOfASendHasItsSeriesOnly(t *testing.T) {
	var h hashes
	for i := range 10_000 {
		h.add("m", labelsOf("i", fmt.Sprint(i)))
	}
	for i := range 10_000 {
		require.True(t, h.has("m", labelsOf("i", fmt.Sprint(i))))
		require.False(t, h.has("m", labelsOf("j", fmt.Sprint(i))))
		require.False(t, h.has("n", labelsOf("i", fmt.Sprint(i))))
	}
	require.Equal(t, 10_000, h.count)
	h.reset()
	require.False(t, h.has("m", labelsOf("i", "1")))
}
