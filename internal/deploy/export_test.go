package deploy

import "context"

// Before is called before every change to the disk, with what it is (mkdir,
// create, write, sync, symlink, rename, remove) and its path; an error
// stands for the change.
func (f *Files) Before(fn func(change, path string) error) { f.disk.before = fn }

// Gathering is a hook whose command is run.
type Gathering struct{ hook *hook }

func NewGathering(run func(context.Context, []string) error) Gathering {
	return Gathering{newHook(run)}
}

func (g Gathering) Wait(ctx context.Context, name string) error { return g.hook.wait(ctx, name) }

func Environment(names []string) []string { return environment(names) }
