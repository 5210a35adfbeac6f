package operate_test

import (
	"context"
	"testing"
	"time"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/internal/status"
)

// Following ends when all is settled, and tells what changed on the way.
func TestAwait(t *testing.T) {
	t.Parallel()
	states := []string{"Waiting", "In Progress", "In Progress", "DNS Verified", "Cert Issued"}
	ticks, read := make(chan time.Time, len(states)), 0
	next := func(context.Context) ([]status.AppStatus, error) {
		app := status.AppStatus{App: "shop", Domains: []status.DomainStatus{{Name: domain, Status: states[read]}}}
		read++
		ticks <- time.Time{}
		return []status.AppStatus{app}, nil
	}
	var heard []string
	apps, over, err := operate.Await(t.Context(), next, status.Settled, ticks, func(_ string, e status.Event) { heard = append(heard, e.From+">"+e.To) })
	if err != nil || !over || apps[0].Domains[0].Status != "Cert Issued" {
		t.Fatalf("%+v, over %v, %v", apps, over, err)
	}
	want := []string{"Waiting>In Progress", "In Progress>DNS Verified", "DNS Verified>Cert Issued"}
	if len(heard) != 3 || heard[0] != want[0] || heard[1] != want[1] || heard[2] != want[2] {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

func TestAwaitCutOff(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	moving := []status.AppStatus{{App: "shop", Domains: []status.DomainStatus{{Name: domain, Status: "Waiting"}}}}
	read := func(context.Context) ([]status.AppStatus, error) { return moving, nil }
	settled := func(apps []status.AppStatus) bool { stop(); return status.Settled(apps) }
	apps, over, err := operate.Await(ctx, read, settled, nil, nil)
	if err != nil || over || len(apps) != 1 {
		t.Errorf("%+v, over %v, %v; want what was read, unfinished", apps, over, err)
	}
}
