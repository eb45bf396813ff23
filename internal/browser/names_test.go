// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/export/live"
)

// textOf returns the text of a property of the tree, or an empty text.
func textOf(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // it is no text
	}
	return text
}

// TestEverythingHasARoleAndAName reads the tree that screen readers read.
func TestEverythingHasARoleAndAName(t *testing.T) {
	p := openLive(t, everyKind(t), live.WithTraceURL("https://traces.example/{trace_id}"))
	inEveryView(p, func(view string) {
		tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		require.NoError(t, err)
		roles := map[string][]string{}
		byID := map[accessibility.NodeID]*accessibility.Node{}
		for _, node := range tree.Nodes {
			byID[node.NodeID] = node
			if !node.Ignored {
				role := textOf(node.Role)
				roles[role] = append(roles[role], textOf(node.Name))
			}
		}
		for _, role := range []string{"link", "button", "searchbox", "img", "Canvas", "heading"} {
			for _, name := range roles[role] {
				require.NotEmpty(t, name, "%s: there is a %s without a name", view, role)
			}
		}
		images := strings.Join(append(roles["img"], roles["image"]...), "\n")
		for selector, name := range map[string]string{".plot:not(.heat)": "Chart over time", ".heat": "Heat map"} {
			pictures := eval[int](p, `(selector) => document.querySelectorAll(selector).length`, selector)
			require.Equal(t, pictures, strings.Count(images, name), "%s: the pictures are\n%s", view, images)
		}
		require.Len(t, roles["banner"], 1, view)
		require.Equal(t, []string{"Views"}, roles["navigation"])
		require.Len(t, roles["main"], 1, view)
		require.Equal(t, "Live metrics", roles["heading"][0])
		for _, node := range tree.Nodes {
			if parent := byID[node.ParentID]; parent != nil && textOf(parent.Role) == "list" && !node.Ignored {
				require.Equal(t, "listitem", textOf(node.Role), "%s: a list has something else than items", view)
			}
		}
		headings := eval[[]int](p, `() => [...document.querySelectorAll('h1, h2, h3, h4')].map(
			(h) => Number(h.tagName[1]))`)
		for i, level := range headings[1:] {
			require.LessOrEqual(t, level, headings[i]+1, fmt.Sprint(view, headings))
		}
	})
}
