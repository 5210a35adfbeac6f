package controller_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/controller"
	"github.com/acmsync/acmsync/internal/lab/ca"
	"github.com/acmsync/acmsync/internal/record"
)

// TestHangingDirectoryDelaysNobody who needs no CA: a name that leads nowhere is
// told while another's order waits for the directory.
func TestHangingDirectoryDelaysNobody(t *testing.T) {
	t.Parallel()
	w := begin(t, func(b *blueprint) { b.CATimeout = time.Hour })
	w.shop("www.shop.example")
	w.pass()
	w.Point("new.shop.example")
	w.push(apps(app("shop", "www.shop.example", "new.shop.example", "lost.shop.example")))
	w.CA.Fault(ca.Of(ca.Directory), ca.Fault{Delay: time.Hour})
	asked := make(chan struct{})
	var once sync.Once
	w.CA.Before(ca.Directory, func() { once.Do(func() { close(asked) }) })
	w.replace(func(b *blueprint) { b.CATimeout = time.Hour }, func(c *controller.Config) {
		c.Observer = wrapped{c.Observer, func(name string) {
			if name == "lost.shop.example" {
				<-asked
			}
		}}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan controller.Result, 1)
	go func() { ended <- w.Pass(ctx) }()
	eventually(t, "what is wrong with the name", func() bool {
		return w.knows("lost.shop.example") && w.domain("lost.shop.example").State == record.Failing
	})
	select {
	case r := <-ended:
		t.Errorf("the pass ended by itself: %+v", r)
	default:
	}
	cancel()
	<-ended
}
