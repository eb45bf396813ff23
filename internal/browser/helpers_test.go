// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/live"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

const (
	// interval is the time between two samples of the pages in tests.
	interval = 100 * time.Millisecond

	// patience is how long a test waits for a change that takes a moment. A browser on a machine
	// that runs other tests takes its time.
	patience = 20 * time.Second
)

// tab is a page in a browser. At the end of the test, the page must have had no fault.
type tab struct {
	t   *testing.T
	ctx context.Context // of the page in the browser
	end context.CancelFunc
	url string // of the server: the only one that the page may ask

	mu     sync.Mutex
	faults []string
}

// openLive serves the page of a registry, and opens it.
func openLive(t *testing.T, reg *engine.Registry, options ...live.Option) *tab {
	t.Helper()
	return open(t, live.Handler(reg, append([]live.Option{live.WithInterval(interval)}, options...)...))
}

// open serves a handler and opens its page in a browser.
func open(t *testing.T, h http.Handler) *tab {
	t.Helper()
	testkit.Require(t, "chromium")
	server := testkit.Serve(t, h)
	b := startBrowser(t)
	p := b.newTab(server.URL)
	p.visit("/")
	return p
}

// browser is a browser with an empty profile. The test stops it.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// startBrowser starts a browser. The server of its pages must have been started before, so that it
// is stopped later: it waits for the connections of the browser.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testkit.Require(t, "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		// The browser itself asks nobody either.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		defer cancel()
		defer cancelBrowser()
		patient, end := context.WithTimeout(ctx, patience)
		defer end()
		if err := chromedp.Cancel(patient); err != nil && !t.Failed() {
			t.Errorf("the browser did not stop: %v", err)
		}
	})
	require.NoError(t, chromedp.Do(ctx), "the browser does not start")
	return &browser{t, ctx}
}

// newTab opens an empty page that may ask one server only, in a window of its own unless an option
// says otherwise.
func (b *browser) newTab(url string, options ...chromedp.ContextOption) *tab {
	b.t.Helper()
	p := &tab{t: b.t, url: url}
	p.ctx, p.end = chromedp.NewContext(b.ctx, append(options, chromedp.WithListener(p.listen))...)
	b.t.Cleanup(p.close)
	// The first call opens the tab, for as long as its context lives.
	require.NoError(b.t, chromedp.Do(p.ctx, chromedp.EmulateViewport(1280, 900)))
	return p
}

// close closes the page, and fails the test if it has had faults.
func (p *tab) close() {
	p.t.Helper()
	p.end()
	for _, fault := range p.takeFaults() {
		p.t.Errorf("the page has a fault: %s", fault)
	}
}

// takeFaults returns the faults of the page so far, and forgets them.
func (p *tab) takeFaults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	faults := p.faults
	p.faults = nil
	return faults
}

// listen notes the faults among the events of a page. The browser reports breaches of the content
// security policy as entries of its log.
func (p *tab) listen(event any) {
	var fault string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		fault = fmt.Sprintf("log: %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		fault = fmt.Sprintf("console: %s", e.Type)
		for _, argument := range e.Args {
			fault += " " + string(argument.Value) + argument.Description
		}
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(e.Request.URL, p.url+"/") {
			return
		}
		fault = "request to " + e.Request.URL
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fault)
}

// visit loads an address of the server. The page is loaded even if only the part after the #
// differs from the address before.
func (p *tab) visit(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.url+address))
}

// leave shows an empty page instead.
func (p *tab) leave() {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank"))
}

// toFront makes the page the one that somebody sees.
func (p *tab) toFront() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, page.BringToFront, cdp.Empty{})
	require.NoError(p.t, err)
}

// size sets the size of the window.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// show shows another view of the page that is there.
func (p *tab) show(hash string) {
	p.t.Helper()
	eval[any](p, `(hash) => new Promise((done) => {
		if (location.hash === hash) return done();
		window.addEventListener('hashchange', () => done(), { once: true });
		location.hash = hash;
	})`, hash)
}

// showMetric shows the view of a metric.
func (p *tab) showMetric(name string) {
	p.t.Helper()
	p.show("#/metric/" + eval[string](p, `encodeURIComponent`, name))
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, actions...))
}

// press presses keys one after another. The text of a key comes with the event, so that the page
// can keep it from the element that has the focus.
func (p *tab) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	for _, r := range keys {
		for _, k := range kb.Encode(r) {
			if k.Type == kb.KeyChar {
				continue
			}
			if key := kb.Keys[r]; k.Type == kb.KeyDown && key != nil && len(modifiers) == 0 {
				k.Text, k.UnmodifiedText = key.Text, key.Unmodified
			}
			for _, m := range modifiers {
				k.Modifiers |= int64(m)
			}
			_, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, *k)
			require.NoError(p.t, err)
		}
	}
}

// emulate sets a feature of the screen, such as prefers-color-scheme.
func (p *tab) emulate(feature, value string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
	require.NoError(p.t, err)
}

// eval calls a function in the page and returns its result, or what its promise becomes.
func eval[T any](p *tab, function string, args ...any) T {
	p.t.Helper()
	list, err := json.Marshal(append([]any{}, args...))
	require.NoError(p.t, err)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	await := func(e *runtime.EvaluateParams) {
		wait := true
		e.AwaitPromise = &wait
	}
	result, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte]("("+function+")(..."+string(list)+")", await))
	require.NoError(p.t, err, function)
	var value T
	if len(result) > 0 {
		require.NoError(p.t, json.Unmarshal(result, &value), "%s returned %s", function, result)
	}
	return value
}

// until waits until a function in the page returns true.
func (p *tab) until(condition string, args ...any) {
	p.t.Helper()
	testkit.Poll(p.t, patience, func() error {
		if eval[bool](p, condition, args...) {
			return nil
		}
		return fmt.Errorf("%s is false for %q; the page shows\n%s", condition, args, p.text("body"))
	})
}

// text returns the text of the first element that a selector finds, as it is in the document.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, `(s) => document.querySelector(s)?.textContent ?? ''`, selector)
}

// waitFor waits until a selector finds an element.
func (p *tab) waitFor(selector string) {
	p.t.Helper()
	p.until(`(s) => document.querySelector(s) !== null`, selector)
}
