// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	keysPerWorker = 100  // of the store; a worker uses no other's keys, so that it knows what is under each
	minBody       = 32   // bytes; sizes are spread evenly over their logarithm
	maxBody       = 8192 // bytes
)

// worker sends one request after the other on a connection that is kept alive.
type worker struct {
	id     int
	client *http.Client
	url    string
	random *rand.Rand
	ledger *Ledger
	values map[string][]byte // what the store holds under this worker's keys
}

func newWorker(id int, client *http.Client, url string) *worker {
	return &worker{
		id:     id,
		client: client,
		url:    url,
		random: rand.New(rand.NewPCG(1, uint64(id))), // the same requests every time
		ledger: newLedger(),
		values: map[string][]byte{},
	}
}

// mix is what the worker does, and how often in a hundred.
var mix = []struct {
	percent int
	do      func(*worker)
}{
	{20, (*worker).analyze},
	{28, (*worker).get},
	{15, (*worker).put},
	{5, (*worker).delete},
	{10, (*worker).digest},
	{7, (*worker).gzip},
	{12, (*worker).order},
	{1, (*worker).malformed},
	{1, (*worker).wrongMethod},
	{1, (*worker).wrongPath},
}

func (w *worker) run(ctx context.Context, p *pace) *Ledger {
	for p.wait(ctx) {
		n := w.random.IntN(100)
		for _, kind := range mix {
			if n -= kind.percent; n < 0 {
				kind.do(w)
				break
			}
		}
	}
	for _, value := range w.values {
		w.ledger.Keys++
		w.ledger.KeyBytes += int64(len(value))
	}
	w.ledger.Ended = time.Now()
	return w.ledger
}

// call sends one request and enters the answer. The checks of the answer's body are the caller's. The requests have a
// context of their own: those under way when the load ends are still answered, and counted on both sides.
func (w *worker) call(method, route, path string, body []byte) (Request, []byte, bool) {
	started := time.Now()
	request, err := http.NewRequest(method, w.url+path, bytes.NewReader(body))
	if err != nil {
		w.ledger.fail(err)
		return Request{}, nil, false
	}
	response, err := w.client.Do(request)
	if err != nil {
		w.ledger.fail(err)
		return Request{}, nil, false
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.ledger.fail(err)
		return Request{}, nil, false
	}
	entry := Request{Method: method, Route: route, Code: response.StatusCode}
	w.ledger.add(entry, len(body), len(answer), time.Since(started))
	return entry, answer, true
}

// expect sends a request and checks its answer.
func (w *worker) expect(method, route, path string, body []byte, right func(code int, answer []byte) bool) {
	if entry, answer, ok := w.call(method, route, path, body); ok && !right(entry.Code, answer) {
		w.ledger.wrong(entry, answer)
	}
}

// code is a check of the status code alone.
func code(want int) func(int, []byte) bool {
	return func(code int, _ []byte) bool { return code == want }
}

func (w *worker) analyze() {
	text := w.text()
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		w.ledger.fail(err)
		return
	}
	w.expect("POST", "/analyze", "/analyze", body, func(code int, answer []byte) bool {
		var got struct{ Words, Bytes int }
		err := json.Unmarshal(answer, &got)
		return code == http.StatusOK && err == nil && got.Words == len(strings.Fields(text)) && got.Bytes == len(text)
	})
}

func (w *worker) key() (key, path string) {
	key = fmt.Sprintf("worker-%d-key-%d", w.id, w.random.IntN(keysPerWorker))
	return key, "/kv/" + key
}

func (w *worker) get() {
	key, path := w.key()
	value, exists := w.values[key]
	w.expect("GET", "/kv/{key}", path, nil, func(code int, answer []byte) bool {
		if !exists {
			return code == http.StatusNotFound
		}
		return code == http.StatusOK && bytes.Equal(answer, value)
	})
}

func (w *worker) put() {
	key, path := w.key()
	value := []byte(w.text())
	_, exists := w.values[key]
	w.expect("PUT", "/kv/{key}", path, value, func(code int, _ []byte) bool {
		w.values[key] = value
		return exists && code == http.StatusNoContent || !exists && code == http.StatusCreated
	})
}

func (w *worker) delete() {
	key, path := w.key()
	_, exists := w.values[key]
	w.expect("DELETE", "/kv/{key}", path, nil, func(code int, _ []byte) bool {
		delete(w.values, key)
		return exists && code == http.StatusNoContent || !exists && code == http.StatusNotFound
	})
}

func (w *worker) digest() {
	body := []byte(w.text())
	w.expect("POST", "/digest", "/digest", body, func(code int, answer []byte) bool {
		sum := sha256.Sum256(body)
		return code == http.StatusOK && string(answer) == hex.EncodeToString(sum[:])+"\n"
	})
}

func (w *worker) gzip() {
	body := []byte(w.text())
	w.expect("POST", "/gzip", "/gzip", body, func(code int, answer []byte) bool {
		z, err := gzip.NewReader(bytes.NewReader(answer))
		if err != nil {
			return false
		}
		plain, err := io.ReadAll(z)
		return code == http.StatusOK && err == nil && bytes.Equal(plain, body)
	})
}

// order asks for orders that are not all there, from a backend that fails at times; what it answers is not known here.
func (w *worker) order() {
	path := fmt.Sprintf("/orders/%d", w.random.IntN(1000))
	w.expect("GET", "/orders/{id}", path, nil, func(code int, _ []byte) bool {
		return code == http.StatusOK || code == http.StatusNotFound || code == http.StatusInternalServerError
	})
}

func (w *worker) malformed() {
	w.expect("POST", "/analyze", "/analyze", []byte(`{"text": "no end`), code(http.StatusBadRequest))
}

func (w *worker) wrongMethod() {
	w.expect("GET", Unmatched, "/digest", nil, code(http.StatusMethodNotAllowed))
}

func (w *worker) wrongPath() {
	w.expect("GET", Unmatched, fmt.Sprintf("/nowhere/%d", w.random.IntN(1e6)), nil, code(http.StatusNotFound))
}

var words = strings.Fields(`
	the cord has a main string from which hang others each with knots whose kind and place say a number a colour says
	what was counted maize llamas men at arms or days and a keeper reads them back with his fingers in the order in
	which they were tied no ink no wheel no iron and yet an empire of ten million was counted on such strings
`)

// text returns words whose length is between minBody and maxBody bytes, small ones being as frequent as large ones.
func (w *worker) text() string {
	size := int(minBody * math.Pow(maxBody/minBody, w.random.Float64()))
	var b strings.Builder
	b.Grow(size)
	for {
		word := words[w.random.IntN(len(words))]
		if b.Len()+len(word)+1 > size && b.Len() > 0 {
			return b.String()
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
}
