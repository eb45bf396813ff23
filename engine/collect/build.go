// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"runtime/debug"

	"github.com/quipu-metrics/quipu/engine"
)

// Build registers go_build_info. Its value is always 1, and its labels are the path, version and
// checksum of the main module; a label is "unknown" if the build did not record it. In a build from
// a checkout, the go command derives the version from the state of the checkout. There is a
// checksum only if the program was installed from a module proxy.
func Build(reg *engine.Registry) error {
	info, err := reg.NewGaugeVec("go_build_info", "The main module that this program was built from; always 1.",
		[]string{"path", "version", "checksum"})
	if err != nil {
		return err
	}
	path, version, checksum := "", "", ""
	if build, ok := debug.ReadBuildInfo(); ok {
		path, version, checksum = build.Main.Path, build.Main.Version, build.Main.Sum
	}
	info.With(orUnknown(path), orUnknown(version), orUnknown(checksum)).Set(1)
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
