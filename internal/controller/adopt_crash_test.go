package controller_test

import (
	"context"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/deploy"
	"github.com/acmsync/acmsync/internal/record"
)

// readers is a folder that is told of each time it is read back.
type readers struct {
	*deploy.Files
	read func()
}

func (r *readers) Installed(name string) (record.Pair, bool, error) {
	pair, found, err := r.Files.Installed(name)
	r.read()
	return pair, found, err
}

// TestStoppedBetweenReadingBackAndKeeping: the first reading is the look, the
// second is what would be kept. Whatever ends the pass there, nothing is half
// kept and nothing is ordered; the next pass adopts.
func TestStoppedBetweenReadingBackAndKeeping(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 2} {
		w := begin(t)
		w.shop("www.shop.example")
		w.pass()
		serial := w.domain("www.shop.example").Certificate.Serial
		w.CA.Forget()
		state := privateDir(t)
		ctx, cancel := context.WithCancel(t.Context())
		reads := 0
		w.restart(state, func(c *controller.Config) {
			files := deploy.NewFiles(deploy.FilesConfig{Name: "edge", Dir: w.LiveDir()})
			c.Targets = []controller.Target{&readers{Files: files, read: func() {
				if reads++; reads == at {
					cancel()
					panic("the disk is gone")
				}
			}}}
		})
		w.Pass(ctx)
		if d := w.domain("www.shop.example"); reads < at || d.Certificate != nil {
			t.Fatalf("read %d times, kept %+v", reads, d.Certificate)
		}
		w.wantNoOrder()
		w.rig = w.another()
		w.forward(2 * time.Minute)
		w.pass()
		w.wantKept("www.shop.example", serial, w.LiveDir())
		w.wantNoOrder()
	}
}
