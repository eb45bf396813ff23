// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const maxBody = 1 << 20 // bytes of a request

// api handles the requests of the service. It has no code for metrics.
type api struct {
	store       *store
	orders      *orders
	compressors sync.Pool // of *gzip.Writer, which are large
}

// routes returns the patterns of the service. There is a fixed number of them, so they may be
// values of a label.
func (a *api) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST /analyze":    a.analyze,
		"POST /digest":     a.digest,
		"POST /gzip":       a.gzip,
		"GET /kv/{key}":    a.getValue,
		"PUT /kv/{key}":    a.putValue,
		"DELETE /kv/{key}": a.deleteValue,
		"GET /orders/{id}": a.order,
	}
}

// body reads the whole body of a request. If that fails, it sends the answer and returns false.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return nil, false
	}
	return text, true
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client has closed the connection.
	_ = json.NewEncoder(w).Encode(v)
}

type analysis struct {
	Bytes  int         `json:"bytes"`
	Words  int         `json:"words"`
	Unique int         `json:"unique"`
	Top    []wordCount `json:"top"`
}

type wordCount struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

// analyze counts the words of a text.
func (a *api) analyze(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	var request struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		http.Error(w, `want {"text": "..."}`, http.StatusBadRequest)
		return
	}
	result := analysis{Bytes: len(request.Text)}
	counts := map[string]int{}
	for word := range strings.FieldsSeq(request.Text) {
		counts[strings.ToLower(word)]++
		result.Words++
	}
	result.Unique = len(counts)
	for word, count := range counts {
		result.Top = append(result.Top, wordCount{word, count})
	}
	slices.SortFunc(result.Top, func(a, b wordCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word))
	})
	result.Top = result.Top[:min(5, len(result.Top))]
	writeJSON(w, result)
}

// digest answers with the SHA-256 sum of the body.
func (a *api) digest(w http.ResponseWriter, r *http.Request) {
	if text, ok := body(w, r); ok {
		fmt.Fprintf(w, "%x\n", sha256.Sum256(text))
	}
}

// gzip answers with the body, compressed.
func (a *api) gzip(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	z, ok := a.compressors.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(nil)
	}
	defer a.compressors.Put(z)
	z.Reset(w)
	// As in writeJSON, an error means that the client has closed the connection.
	_, _ = z.Write(text)
	_ = z.Close()
}

func (a *api) getValue(w http.ResponseWriter, r *http.Request) {
	value, ok := a.store.get(r.PathValue("key"))
	if !ok {
		http.Error(w, "no such key", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(value)
}

func (a *api) putValue(w http.ResponseWriter, r *http.Request) {
	value, ok := body(w, r)
	if !ok {
		return
	}
	switch created, err := a.store.put(r.PathValue("key"), value); {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
	case created:
		w.WriteHeader(http.StatusCreated)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *api) deleteValue(w http.ResponseWriter, r *http.Request) {
	if !a.store.delete(r.PathValue("key")) {
		http.Error(w, "no such key", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *api) order(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 32)
	if err != nil {
		http.Error(w, "an order has a number", http.StatusBadRequest)
		return
	}
	switch o, err := a.orders.find(id); {
	case errors.Is(err, errNoOrder):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		writeJSON(w, o)
	}
}

var (
	errNoOrder = errors.New("no such order")
	errBackend = errors.New("the orders cannot be reached")
)

// orders stands for a backend that does not have every order and that fails in one call of 50.
type orders struct{ calls atomic.Uint64 }

type order struct {
	ID    uint64      `json:"id"`
	Lines []orderLine `json:"lines"`
	Total uint64      `json:"total_cents"`
}

type orderLine struct {
	Article  string `json:"article"`
	Quantity uint64 `json:"quantity"`
	Cents    uint64 `json:"cents"`
}

func (b *orders) find(id uint64) (order, error) {
	if b.calls.Add(1)%50 == 0 {
		return order{}, errBackend
	}
	if id%5 == 0 {
		return order{}, errNoOrder
	}
	o := order{ID: id}
	for i := range id%7 + 1 {
		line := orderLine{Article: fmt.Sprintf("article-%d", id*31+i), Quantity: i + 1, Cents: 100 + id*(i+1)%997}
		o.Lines = append(o.Lines, line)
		o.Total += line.Quantity * line.Cents
	}
	return o, nil
}
