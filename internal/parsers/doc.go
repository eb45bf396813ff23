// SPDX-License-Identifier: Apache-2.0

// Package parsers reads pages with the parsers of the programs that will read them: Prometheus
// itself (model/textparse), prometheus/common (expfmt), and client_model with the official protobuf
// library. It also compresses pages with the encoders of klauspost/compress. It is a module of its
// own, so that no user of quipu depends on those.
package parsers
