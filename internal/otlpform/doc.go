// SPDX-License-Identifier: Apache-2.0

// Package otlpform holds what all packages share that turn metrics into OpenTelemetry's data: its
// form of native histograms, its units, and the ids of its traces.
package otlpform
