// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"io"
)

// Options say what to do with a module.
type Options struct {
	Dir     string // a folder of the module; dir/... means the same
	Stage   string // import or native
	Replace string // quipu's tree, for a replace directive; empty for a version
	Version string // of quipu; used without Replace
	Tags    string // build tags, separated by commas
	Diff    bool   // print a diff instead of a summary
	Write   bool   // write the changes
}

// Run runs a stage and prints its summary or its diff. It returns a *Refusal, and has written
// nothing, if the module cannot be moved.
func Run(w io.Writer, opts Options) error {
	m, err := openModule(opts.Dir)
	if err != nil {
		return err
	}
	if inModule(m.goMod.Module.Mod.Path, twinModule) {
		return refuse(m.goMod.Module.Mod.Path+" is quipu's own bridge to client_golang.", "")
	}
	var p *plan
	var summary string
	switch opts.Stage {
	case "import":
		p, summary, err = importStage(m, opts)
	case "native":
		p, summary, err = nativeStage(m, opts)
	default:
		return fmt.Errorf("there is no stage %q", opts.Stage)
	}
	if err != nil {
		return err
	}
	if opts.Diff {
		if err := p.diff(w); err != nil {
			return err
		}
	} else if _, err := io.WriteString(w, summary); err != nil {
		return err
	}
	if !opts.Write {
		return nil
	}
	return p.write()
}
