// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Handlers find the optional methods of a ResponseWriter by type assertions. So the ResponseWriter
// of a measured request must have exactly those of the ResponseWriter beneath it: with one more or
// one less, a handler would behave differently. There is a type for each combination, named after
// the methods:
//
//	F  Flush         http.Flusher
//	E  FlushError    that of http.ResponseController; nobody has it without Flush
//	H  Hijack        http.Hijacker
//	C  CloseNotify   http.CloseNotifier
//	R  ReadFrom      io.ReaderFrom
//	S  WriteString   io.StringWriter
//	P  Push          http.Pusher
//
// Each type embeds the type without the last letter and adds the method of that letter. All consist
// of one pointer, so that their conversion to an interface allocates nothing. Deadlines and
// EnableFullDuplex, for which there are no interfaces, are found through Unwrap.
type (
	wF       struct{ *recorder }
	wFE      struct{ wF }
	wH       struct{ *recorder }
	wFH      struct{ wF }
	wFEH     struct{ wFE }
	wC       struct{ *recorder }
	wFC      struct{ wF }
	wFEC     struct{ wFE }
	wHC      struct{ wH }
	wFHC     struct{ wFH }
	wFEHC    struct{ wFEH }
	wR       struct{ *recorder }
	wFR      struct{ wF }
	wFER     struct{ wFE }
	wHR      struct{ wH }
	wFHR     struct{ wFH }
	wFEHR    struct{ wFEH }
	wCR      struct{ wC }
	wFCR     struct{ wFC }
	wFECR    struct{ wFEC }
	wHCR     struct{ wHC }
	wFHCR    struct{ wFHC }
	wFEHCR   struct{ wFEHC }
	wS       struct{ *recorder }
	wFS      struct{ wF }
	wFES     struct{ wFE }
	wHS      struct{ wH }
	wFHS     struct{ wFH }
	wFEHS    struct{ wFEH }
	wCS      struct{ wC }
	wFCS     struct{ wFC }
	wFECS    struct{ wFEC }
	wHCS     struct{ wHC }
	wFHCS    struct{ wFHC }
	wFEHCS   struct{ wFEHC }
	wRS      struct{ wR }
	wFRS     struct{ wFR }
	wFERS    struct{ wFER }
	wHRS     struct{ wHR }
	wFHRS    struct{ wFHR }
	wFEHRS   struct{ wFEHR }
	wCRS     struct{ wCR }
	wFCRS    struct{ wFCR }
	wFECRS   struct{ wFECR }
	wHCRS    struct{ wHCR }
	wFHCRS   struct{ wFHCR }
	wFEHCRS  struct{ wFEHCR }
	wP       struct{ *recorder }
	wFP      struct{ wF }
	wFEP     struct{ wFE }
	wHP      struct{ wH }
	wFHP     struct{ wFH }
	wFEHP    struct{ wFEH }
	wCP      struct{ wC }
	wFCP     struct{ wFC }
	wFECP    struct{ wFEC }
	wHCP     struct{ wHC }
	wFHCP    struct{ wFHC }
	wFEHCP   struct{ wFEHC }
	wRP      struct{ wR }
	wFRP     struct{ wFR }
	wFERP    struct{ wFER }
	wHRP     struct{ wHR }
	wFHRP    struct{ wFHR }
	wFEHRP   struct{ wFEHR }
	wCRP     struct{ wCR }
	wFCRP    struct{ wFCR }
	wFECRP   struct{ wFECR }
	wHCRP    struct{ wHCR }
	wFHCRP   struct{ wFHCR }
	wFEHCRP  struct{ wFEHCR }
	wSP      struct{ wS }
	wFSP     struct{ wFS }
	wFESP    struct{ wFES }
	wHSP     struct{ wHS }
	wFHSP    struct{ wFHS }
	wFEHSP   struct{ wFEHS }
	wCSP     struct{ wCS }
	wFCSP    struct{ wFCS }
	wFECSP   struct{ wFECS }
	wHCSP    struct{ wHCS }
	wFHCSP   struct{ wFHCS }
	wFEHCSP  struct{ wFEHCS }
	wRSP     struct{ wRS }
	wFRSP    struct{ wFRS }
	wFERSP   struct{ wFERS }
	wHRSP    struct{ wHRS }
	wFHRSP   struct{ wFHRS }
	wFEHRSP  struct{ wFEHRS }
	wCRSP    struct{ wCRS }
	wFCRSP   struct{ wFCRS }
	wFECRSP  struct{ wFECRS }
	wHCRSP   struct{ wHCRS }
	wFHCRSP  struct{ wFHCRS }
	wFEHCRSP struct{ wFEHCRS }
)

func (w wF) Flush() { w.flush() }

func (w wFE) FlushError() error { return w.flushError() }

func (w wH) Hijack() (net.Conn, *bufio.ReadWriter, error)   { return w.hijack() }
func (w wFH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w wFEH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w wC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w wFC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w wFEC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w wHC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w wFHC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w wFEHC) CloseNotify() <-chan bool { return w.closeNotify() }

func (w wR) ReadFrom(src io.Reader) (int64, error)     { return w.readFrom(src) }
func (w wFR) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w wFER) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w wHR) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w wFHR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w wFEHR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w wCR) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w wFCR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w wFECR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w wHCR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w wFHCR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w wFEHCR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w wS) WriteString(s string) (int, error)      { return w.writeString(s) }
func (w wFS) WriteString(s string) (int, error)     { return w.writeString(s) }
func (w wFES) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wHS) WriteString(s string) (int, error)     { return w.writeString(s) }
func (w wFHS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFEHS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wCS) WriteString(s string) (int, error)     { return w.writeString(s) }
func (w wFCS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFECS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wHCS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFHCS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wFEHCS) WriteString(s string) (int, error)  { return w.writeString(s) }
func (w wRS) WriteString(s string) (int, error)     { return w.writeString(s) }
func (w wFRS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFERS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wHRS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFHRS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wFEHRS) WriteString(s string) (int, error)  { return w.writeString(s) }
func (w wCRS) WriteString(s string) (int, error)    { return w.writeString(s) }
func (w wFCRS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wFECRS) WriteString(s string) (int, error)  { return w.writeString(s) }
func (w wHCRS) WriteString(s string) (int, error)   { return w.writeString(s) }
func (w wFHCRS) WriteString(s string) (int, error)  { return w.writeString(s) }
func (w wFEHCRS) WriteString(s string) (int, error) { return w.writeString(s) }

func (w wP) Push(target string, opts *http.PushOptions) error       { return w.push(target, opts) }
func (w wFP) Push(target string, opts *http.PushOptions) error      { return w.push(target, opts) }
func (w wFEP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wHP) Push(target string, opts *http.PushOptions) error      { return w.push(target, opts) }
func (w wFHP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFEHP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wCP) Push(target string, opts *http.PushOptions) error      { return w.push(target, opts) }
func (w wFCP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFECP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wHCP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFHCP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFEHCP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wRP) Push(target string, opts *http.PushOptions) error      { return w.push(target, opts) }
func (w wFRP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFERP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wHRP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFHRP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFEHRP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wCRP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFCRP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFECRP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wHCRP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFHCRP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wFEHCRP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w wSP) Push(target string, opts *http.PushOptions) error      { return w.push(target, opts) }
func (w wFSP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFESP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wHSP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFHSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFEHSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wCSP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFCSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFECSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wHCSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFHCSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wFEHCSP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w wRSP) Push(target string, opts *http.PushOptions) error     { return w.push(target, opts) }
func (w wFRSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFERSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wHRSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFHRSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wFEHRSP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w wCRSP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w wFCRSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wFECRSP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w wHCRSP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w wFHCRSP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w wFEHCRSP) Push(target string, opts *http.PushOptions) error { return w.push(target, opts) }
