// SPDX-License-Identifier: Apache-2.0

package send

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newClient returns a client, and a function that closes its connections at the end of a turn. The
// caller's client is copied, and its connections are the caller's.
func newClient(s *Settings) (client *http.Client, endTurn func()) {
	if s.client != nil {
		of := *s.client
		return &of, func() {}
	}
	transport := newTransport(s.KeepOpen)
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// newTransport returns the transport of the default client. An idle connection needs goroutines
// that only the caller could end, so no connection is kept after a turn: the transport closes the
// idle ones then, and those that become idle later, such as one that was still being made when its
// request was given up. Connecting has shorter limits than a turn, so that a dead server is noticed
// sooner than a slow one.
func newTransport(keepOpen bool) *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		DisableKeepAlives:      !keepOpen,
		DisableCompression:     true, // a compressed answer could be larger than the bounds
	}
}

// proxyOf returns the proxy that the default client would use, because its URL may have
// credentials.
func proxyOf(s *Settings, u *url.URL) *url.URL {
	if s.client != nil {
		return nil
	}
	proxy, _ := http.ProxyFromEnvironment(&http.Request{URL: u})
	return proxy
}

// proxyFromEnvironment is http.ProxyFromEnvironment with another error, because the original one
// quotes the variable with its password.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy of the environment is no URL (not shown, it may hold a password)")
	}
	return proxy, nil
}
