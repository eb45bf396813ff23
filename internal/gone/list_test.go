// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func labelsOf(pairs ...string) (text []byte) {
	for i := 0; i < len(pairs); i += 2 {
		text = AppendLabel(text, pairs[i], pairs[i+1])
	}
	return text
}

func TestTheListOfASendHasAllOfItsSeriesInOrder(t *testing.T) {
	var l list[bool]
	for round := range 2 { // the second one in the memory of the first
		l.reset()
		var want []string
		for f := range 3 {
			sh := Shape[bool]{Name: fmt.Sprint("m", f), Numbers: []float64{1, float64(f)}, Kind: true}
			for i := range 500 {
				labels := labelsOf("path", fmt.Sprint("/items/", i*7919%500), "z\x00é", fmt.Sprint(round))
				l.add(l.shapeOf(&sh), labels)
				want = append(want, sh.Name+string(labels))
			}
		}
		require.Len(t, l.shapes, 3)
		var got []string
		for sh, labels := range l.all() {
			require.True(t, sh.Kind)
			require.Len(t, sh.Numbers, 2)
			got = append(got, sh.Name+string(labels))
		}
		require.Equal(t, want, got)
	}
}

func TestAFamilyWithOtherBoundsIsAnotherShapeAndTheSameSeries(t *testing.T) {
	var l list[bool]
	a := Shape[bool]{Name: "h", Numbers: []float64{1}, Kind: true}
	b := Shape[bool]{Name: "h", Numbers: []float64{1, 2}, Kind: true}
	require.Equal(t, 0, l.shapeOf(&a))
	require.Equal(t, 1, l.shapeOf(&b))
	require.Equal(t, 0, l.shapeOf(&a))
}

func TestTheListOfAMillionSeriesTakesFewBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("a million series")
	}
	var l list[bool]
	sh := Shape[bool]{Name: "requests_total"}
	number := l.shapeOf(&sh)
	for i := range 1_000_000 {
		host, path := fmt.Sprint("host-", i%1000), fmt.Sprint("/api/v1/items/", i)
		l.add(number, labelsOf("code", "200", "host", host, "path", path))
	}
	total := len(l.chunks) * chunkSize
	t.Logf("%d bytes for each series", total/1_000_000)
	require.Less(t, total, 16<<20)
}

func TestSeriesWithAnyNumbersOfLabelsStandOnTheList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var l list[bool]
	var want []string
	for range 5_000 {
		sh := Shape[bool]{Name: fmt.Sprint("m", random.IntN(3))}
		var labels []byte
		for i := range random.IntN(5) * random.IntN(20) {
			value := strings.Repeat("v", random.IntN(4)) + fmt.Sprint(random.IntN(3))
			labels = AppendLabel(labels, fmt.Sprint("l", i), value)
		}
		if random.IntN(500) == 0 {
			labels = AppendLabel(labels, "long", strings.Repeat("x", 100_000))
		}
		l.add(l.shapeOf(&sh), labels)
		want = append(want, sh.Name+string(labels))
	}
	var got []string
	for sh, labels := range l.all() {
		got = append(got, sh.Name+string(labels))
	}
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
}

// A source may give each series bounds of its own. A search of all shapes would take a time that
// grows with the square of their number.
func TestAListLooksAtFewShapesOnly(t *testing.T) {
	var l list[int]
	for i := range 3 * recentShapes {
		require.Equal(t, i, l.shapeOf(&Shape[int]{Name: "h", Numbers: []float64{float64(i)}}))
	}
	recent := 2*recentShapes + 1
	require.Equal(t, recent, l.shapeOf(&Shape[int]{Name: "h", Numbers: []float64{float64(recent)}}))
	require.Equal(t, 3*recentShapes, l.shapeOf(&Shape[int]{Name: "h", Numbers: []float64{0}}))
}
