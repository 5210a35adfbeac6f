package deploy

import "context"

// FailAt lets the n-th change to the disk fail, counted from 1, and with
// crashed every later one too, as if the process had died there.
func (f *Files) FailAt(n int, crashed bool, err error) {
	count := 0
	f.disk.before = func(string, string) error {
		count++
		if count == n || crashed && count > n {
			return err
		}
		return nil
	}
}

// Gathering is a hook whose command is run.
type Gathering struct{ hook *hook }

func NewGathering(run func(context.Context, []string) error) Gathering {
	return Gathering{newHook(run)}
}

func (g Gathering) Wait(ctx context.Context, name string) error { return g.hook.wait(ctx, name) }

func Environment(names []string) []string { return environment(names) }
