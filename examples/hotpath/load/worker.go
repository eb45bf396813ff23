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
	keysPerWorker = 100  // each worker uses its own keys of the store, so it knows their values
	minBody       = 32   // bytes; the logarithms of the sizes are spread evenly
	maxBody       = 8192 // bytes
)

// worker sends one request after another on one connection.
type worker struct {
	id     int
	client *http.Client
	url    string
	random *rand.Rand
	ledger *Ledger
	values map[string][]byte // the values that the store has for this worker's keys
}

func newWorker(id int, client *http.Client, url string) *worker {
	return &worker{
		id:     id,
		client: client,
		url:    url,
		random: rand.New(rand.NewPCG(1, uint64(id))), // a fixed seed: the same requests in every run
		ledger: newLedger(),
		values: map[string][]byte{},
	}
}

// mix is how often each request is sent.
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

// call sends one request and records the answer. The caller checks the body. The request does not
// use the context of the load: a request in progress at the end of the load is still answered and
// counted.
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

// expect sends a request and checks the answer with right.
func (w *worker) expect(method, route, path string, body []byte, right func(code int, answer []byte) bool) {
	if entry, answer, ok := w.call(method, route, path, body); ok && !right(entry.Code, answer) {
		w.ledger.wrong(entry, answer)
	}
}

// code returns a check of the status code alone.
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

// order asks for orders of which some do not exist, from a backend that fails at times, so all
// three answers are right.
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

// text returns words of minBody to maxBody bytes in all. Short texts are as frequent as long ones.
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
