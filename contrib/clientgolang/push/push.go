// SPDX-License-Identifier: Apache-2.0

// Package push has the names of client_golang's package push. All of them are client_golang's, and
// push what registries of both libraries gather.
package push

import client "github.com/prometheus/client_golang/prometheus/push"

// These types are client_golang's: see there.
type (
	HTTPDoer = client.HTTPDoer
	Pusher   = client.Pusher
)

// New is client_golang's New.
func New(url, job string) *Pusher { return client.New(url, job) }
