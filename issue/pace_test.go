package issue

import (
	"testing"
	"time"
)

// tokens is a CA's bucket, kept otherwise than ours.
type tokens struct {
	rate   Rate
	left   float64
	at     time.Time
	denied int
}

func (b *tokens) take(now time.Time) {
	perSecond := float64(b.rate.Count) / b.rate.Per.Seconds()
	b.left = min(b.left+now.Sub(b.at).Seconds()*perSecond, float64(b.rate.Burst))
	b.at = now
	if b.left < 1-1e-6 {
		b.denied++
		return
	}
	b.left--
}

// TestTwoProcessesStayWithinTheLimits: each of two takes every turn that it gets,
// and the CA's bucket never runs dry. One alone gets no less than its share.
func TestTwoProcessesStayWithinTheLimits(t *testing.T) {
	t.Parallel()
	published := LetsEncrypt()
	for kind, rate := range map[string]Rate{
		atDirectory: published.Directory, atNewNonce: published.NewNonce, atNewAccount: published.NewAccount,
		atNewOrder: published.NewOrder, atRevokeCert: published.RevokeCert, atRenewalInfo: published.RenewalInfo, atOther: published.Other,
	} {
		start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		ca := &tokens{rate: rate, left: float64(rate.Burst), at: start}
		ours := []pace{paced(rate), paced(rate)}
		asked, end := make([]int, 2), start.Add(5*time.Second)
		for now := start; now.Before(end); {
			next := end
			for i := range ours {
				if at := ours[i].next(now); at.After(now) {
					next = earlier(next, at)
					continue
				}
				ours[i].reserve(now)
				ca.take(now)
				asked[i]++
				next = now
			}
			now = next
		}
		if ca.denied > 0 {
			t.Errorf("%s: the CA refused %d of %d requests", kind, ca.denied, asked[0]+asked[1])
		}
		want := rate.Burst/shareOfBurst + 5*rate.Count/share
		for i := range asked {
			if asked[i] < want*9/10 || asked[i] > want+1 {
				t.Errorf("%s: process %d made %d requests in five seconds, want about %d", kind, i, asked[i], want)
			}
		}
	}
}

func earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

// TestOverriddenRate: an operator's rate, which has no burst, is not exceeded in
// any such time however it is counted.
func TestOverriddenRate(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	p := paced(Rate{Count: 20, Per: time.Minute})
	var asked []time.Time
	for now := start; now.Before(start.Add(5 * time.Minute)); now = p.next(now) {
		asked = append(asked, p.reserve(now))
	}
	for i := 20; i < len(asked); i++ {
		if asked[i].Sub(asked[i-20]) < time.Minute {
			t.Fatalf("21 requests from %s to %s", asked[i-20], asked[i])
		}
	}
	if len(asked) < 50 {
		t.Errorf("%d requests in five minutes", len(asked))
	}
	if p = paced(Rate{}); !p.next(start).Equal(start) || !p.reserve(start).Equal(start) {
		t.Error("without a limit it waits")
	}
}
