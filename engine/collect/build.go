// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"runtime/debug"

	"github.com/quipu-metrics/quipu/engine"
)

// Build registers go_build_info, which is always 1 and whose labels say what was built: path, version and checksum of the
// main module, each "unknown" where the build did not record it. The version of a build from a checkout is what the
// go command makes of its state; the checksum is there only when the program was installed from a module proxy.
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
