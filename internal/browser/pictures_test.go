// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

var update = flag.Bool("update", false, "write the pictures of docs/images")

const (
	images       = "../../docs/images"
	maxPicture   = 150 << 10 // bytes
	pictureWidth = 1200
)

// pictures are the views that the docs show.
var pictures = []struct {
	name, hash string
	height     int64
}{
	{"list", "#/", 648},
	{"histogram", "#/metric/http_request_duration_seconds", 984},
	{"cardinality", "#/cardinality/http_requests_total", 770},
	{"health", "#/health", 830},
}

// TestPicturesOfTheDocsShowTheService takes the pictures from the service of `make run`. Without
// -update it leaves those of the docs as they are, because they differ with every run.
func TestPicturesOfTheDocsShowTheService(t *testing.T) {
	testkit.Require(t, "chromium")
	testkit.Baseline(t)
	service := testkit.Start(t, testkit.Build(t, "../../examples/hotpath"), "-addr", "127.0.0.1:0")
	address := service.Find(`(http://127\.0\.0\.1:\d+)/live/`, patience)[1]
	b := startBrowser(t)
	var tabs []*tab
	for _, picture := range pictures {
		p := b.newTab(address)
		p.size(pictureWidth, picture.height)
		p.visit("/live/" + picture.hash)
		p.waitFor(".fact, .row.metric")
		tabs = append(tabs, p)
	}
	if *update {
		// Somebody scrapes, and the past becomes long enough to see something in it.
		for range 15 {
			testkit.Fetch(t, address+"/metrics")
			time.Sleep(5 * time.Second)
		}
	}
	for i, picture := range pictures {
		for _, theme := range []string{"light", "dark"} {
			taken := tabs[i].picture(theme)
			require.Less(t, len(taken), maxPicture, picture.name)
			file := filepath.Join(images, "live-"+picture.name+"-"+theme+".png")
			if *update {
				require.NoError(t, os.WriteFile(file, taken, 0o644))
			}
			kept, err := os.ReadFile(file)
			require.NoError(t, err, "-update makes the pictures")
			require.Less(t, len(kept), maxPicture, file)
			size, err := png.DecodeConfig(bytes.NewReader(kept))
			require.NoError(t, err)
			require.Equal(t, pictureWidth, size.Width, "%s is old", file)
			require.EqualValues(t, picture.height, size.Height, "%s is old", file)
		}
	}
}

// picture takes a picture of the window in a theme.
func (p *tab) picture(theme string) []byte {
	p.t.Helper()
	p.toFront()
	p.emulate("prefers-color-scheme", theme)
	p.until(`(theme) => document.documentElement.dataset.theme === theme`, theme)
	time.Sleep(1500 * time.Millisecond) // with the next sample all of it is painted
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	return picture
}
