// SPDX-License-Identifier: Apache-2.0

package engine

import "log/slog"

// Logger returns the logger that the registry reports misuse to, as [WithLogger] has set it. It is
// for those who define metrics in the registry and have something to say about them. If none was
// set it is the one that slog.Default returns now.
func (r *Registry) Logger() *slog.Logger {
	if r.logger == nil {
		return slog.Default()
	}
	return r.logger
}
