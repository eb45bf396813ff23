// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/histogram"
)

// heatColumns is the number of samples that the heat maps of these tests have room for.
const heatColumns = 60

// heat is a heat map as the canvas shows it: how opaque each cell is, from 0 to 1, by row and
// column. The lowest row is the first, and the oldest column.
type heat [][]float64

// heat returns the middle of every cell of a heat map with so many rows. Beside the cells, a canvas
// has 76 pixels at the left, 4 at the right, 6 above and 24 below.
func (p *tab) heat(rows int) heat {
	p.t.Helper()
	return eval[heat](p, `(rows, columns) => {
		const canvas = document.querySelector('.heat canvas');
		const copy = new OffscreenCanvas(canvas.width, canvas.height);
		const context = copy.getContext('2d', { willReadFrequently: true });
		context.drawImage(canvas, 0, 0);
		const width = (canvas.clientWidth - 76 - 4) / columns;
		const height = (canvas.clientHeight - 6 - 24) / rows;
		return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => {
			const x = 76 + (column + 0.5) * width;
			const y = canvas.clientHeight - 24 - (row + 0.5) * height;
			return context.getImageData(Math.round(x), Math.round(y), 1, 1).data[3] / 255;
		}));
	}`, rows, heatColumns)
}

// dark returns the cells that are not empty, as their row and how opaque they are. They must be in
// one column, which the function returns too.
func (h heat) dark(t *testing.T) (cells map[int]float64, column int) {
	t.Helper()
	cells, column = map[int]float64{}, -1
	for r, row := range h {
		for c, opacity := range row {
			if opacity == 0 {
				continue
			}
			require.True(t, column < 0 || column == c, "the cells are in several columns: %v", h)
			cells[r], column = opacity, c
		}
	}
	require.GreaterOrEqual(t, column, 0, "all cells are empty")
	return cells, column
}

// opacity is that of a cell with n of at most most observations: the square root makes few
// observations visible beside many.
func opacity(n, most float64) float64 { return 0.12 + 0.88*math.Sqrt(n/most) }

// tip moves the mouse to a cell and returns what the page says about it.
func (p *tab) tip(row, rows, column int) string {
	p.t.Helper()
	at := eval[[]float64](p, `(row, rows, column, columns) => {
		const canvas = document.querySelector('.heat canvas');
		canvas.scrollIntoView({ block: 'center' });
		const box = canvas.getBoundingClientRect();
		return [box.left + 76 + (column + 0.5) * (box.width - 80) / columns,
			box.bottom - 24 - (row + 0.5) * (box.height - 30) / rows];
	}`, row, rows, column, heatColumns)
	p.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
	return eval[string](p, `() => [...document.querySelectorAll('.tip div')].map((d) => d.textContent).join('; ')`)
}

func TestHeatMapsHaveTheirDarkCellsInTheRightBuckets(t *testing.T) {
	for name, test := range map[string]struct {
		buckets  engine.MetricOption
		observed map[float64]int
		rows     int
		want     map[int]int // observations by row
		tips     map[int]string
	}{
		"classic": {
			engine.WithBuckets(1, 2, 4, 8, 16, 32, 64),
			// A value that equals a bound belongs below it.
			map[float64]int{2: 3, 4.5: 10, 8: 2, 17: 27},
			7, // from the bucket below the lowest one that is not empty to the one above the highest
			map[int]int{1: 3, 3: 12, 5: 27},
			map[int]string{
				0: "up to 1; 0 observations", 1: "above 1, up to 2; 3 observations",
				3: "above 4, up to 8; 12 observations", 5: "above 16, up to 32; 27 observations",
			},
		},
		"classic, beyond the last bound": {
			engine.WithBuckets(1, 2),
			map[float64]int{1e9: 5, -3: 1},
			3,
			map[int]int{0: 1, 2: 5},
			map[int]string{0: "up to 1; 1 observation", 2: "above 2, up to +Inf; 5 observations"},
		},
		"native": {
			engine.WithNative(histogram.NativeDefaults()),
			// Four rows double a value: 1 is the upper bound of a row, and so are 2, 4 and 8.
			map[float64]int{0: 1, 1: 4, 1.01: 2, 8: 16},
			1 + 13,
			map[int]int{0: 1, 1: 4, 2: 2, 13: 16},
			map[int]string{
				0: "up to 0; 1 observation", 1: "above 0.841, up to 1; 4 observations",
				2: "above 1, up to 1.19; 2 observations", 13: "above 6.73, up to 8; 16 observations",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			h := engine.Must(reg.NewHistogram("work", "Work.", test.buckets))
			p := openLive(t, reg, live.WithHistory(heatColumns*interval))
			p.metric("work")
			most := 0
			for _, n := range test.want {
				most = max(most, n)
			}
			for v, n := range test.observed {
				for range n {
					h.Observe(v)
				}
			}
			p.until(`() => !document.querySelector('[data-fact="count"] b').textContent.startsWith('0')`)
			time.Sleep(3 * interval) // the column moves to the left
			p.press("p")
			p.sees(test.rows, most, test.want)
			_, column := p.heat(test.rows).dark(t)
			require.Greater(t, column, heatColumns/2, "the observations are recent")
			require.Less(t, column, heatColumns-1, "there were samples since")
			for row, tip := range test.tips {
				require.Equal(t, tip, p.tip(row, test.rows, column))
			}

			p.press("t") // the other theme
			p.sees(test.rows, most, test.want)
			p.size(400, 900)
			p.until(`() => document.querySelector('.heat canvas').width < 400`)
			p.sees(test.rows, most, test.want)
		})
	}
}

// sees requires that the rows of the heat map are as dark as their numbers of observations say.
func (p *tab) sees(rows, most int, want map[int]int) {
	p.t.Helper()
	cells, _ := p.heat(rows).dark(p.t)
	require.Len(p.t, cells, len(want), fmt.Sprint(cells))
	for row, n := range want {
		require.InDelta(p.t, opacity(float64(n), float64(most)), cells[row], 0.02, "row %d", row)
	}
}
