// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
)

// isForeign reports whether a page of another site makes a browser send the request. Such a page
// cannot read the answer, but it could hold connections open. Its links may lead to the page, but
// not to the data: a browser takes events for a file, and saves them without end.
func isForeign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	_, file := path.Split(r.URL.Path)
	link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && file == ""
	return site != "" && site != "same-origin" && site != "none" && !link
}

// refusal returns why a request is not answered, or an empty text if it is. Without remote, only
// the programs of this machine may read the page, and no page of another site through a browser on
// this machine: such a site can make its own name lead here, which the Host header tells.
func refusal(r *http.Request, remote bool) string {
	if remote {
		return ""
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return "requests through a proxy are refused (" + name + ")"
		}
	}
	if !r.ProtoAtLeast(1, 1) { // nginx with a plain proxy_pass adds no header, and states its own Host
		return "requests in HTTP/1.0, which proxies send, are refused"
	}
	if addr, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !addr.Addr().Unmap().IsLoopback() {
		return "requests from other machines are refused"
	}
	if !isLocalHost(r.Host) {
		return "requests to other names than localhost are refused"
	}
	return ""
}

// isLocalHost reports whether a Host header names this machine by itself.
func isLocalHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if strings.EqualFold(strings.TrimSuffix(name, "."), "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}
