// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"errors"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// serviceName is the attribute that every resource has.
const serviceName = "service.name"

// scopeName names what has made the metrics: OpenTelemetry asks for the translator's name.
const scopeName = "github.com/quipu-metrics/quipu/export/otlp"

// The variables of the environment that have attributes of the resource.
const (
	resourceVariable = "OTEL_RESOURCE_ATTRIBUTES"
	serviceVariable  = "OTEL_SERVICE_NAME"
)

// resourceOf returns the attributes of the resource: those of the program, before those of the
// environment, before the default name of the service. A warning tells that a variable was not
// read.
func resourceOf(
	own engine.Labels, variable func(name string) string, program string,
) (all engine.Labels, warning error) {
	all, warning = parseAttributes(variable(resourceVariable))
	if name := variable(serviceVariable); utf8.ValidString(name) && name != "" {
		all[serviceName] = name
	}
	maps.Copy(all, own)
	if all[serviceName] == "" {
		all[serviceName] = "unknown_service:" + strings.ToValidUTF8(filepath.Base(program), "")
	}
	return all, warning
}

// parseAttributes reads a list as in key1=value1,key2=value2, whose values are percent-encoded. One
// fault makes all of it void, as OpenTelemetry wants it.
func parseAttributes(list string) (all engine.Labels, err error) {
	all = engine.Labels{}
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || name == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return engine.Labels{}, errors.New(resourceVariable +
				" is not a list as in key1=value1,key2=value2, and is ignored")
		}
		if value != "" {
			all[name] = value
		}
	}
	return all, nil
}

// appendResource appends the resource of a ResourceMetrics.
func appendResource(dst []byte, attributes engine.Labels) []byte {
	dst, begin := wire.Open(dst, 1)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		dst = appendAttribute(dst, 1, name, attributes[name])
	}
	return wire.Close(dst, begin)
}

// appendScope appends the scope of a ScopeMetrics.
func appendScope(dst []byte) []byte {
	dst, begin := wire.Open(dst, 1)
	dst = wire.AppendString(dst, 1, scopeName)
	return wire.Close(dst, begin)
}
