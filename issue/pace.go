package issue

import (
	"cmp"
	"time"
)

// Rate is what a CA allows of one kind of request: Count in any Per, of which
// Burst at once (0: Count). With Count or Per zero nothing is known of a limit.
type Rate struct {
	Count int
	Per   time.Duration
	Burst int
}

// Rates are a CA's limits on requests, by what they ask for. Whoever asks from
// the same address shares them.
type Rates struct {
	Directory, NewNonce, NewAccount, NewOrder, RevokeCert, RenewalInfo Rate
	// Other is for orders, authorizations, challenges and certificates, together.
	Other Rate
}

// LetsEncrypt are the limits on requests that Let's Encrypt publishes at
// https://letsencrypt.org/docs/rate-limits/ ("Overall Requests Limit"). Bursts
// are the lower ones of those that it has given there.
func LetsEncrypt() Rates {
	return Rates{
		Directory:   Rate{40, time.Second, 40},
		NewNonce:    Rate{20, time.Second, 10},
		NewAccount:  Rate{5, time.Second, 15},
		NewOrder:    Rate{300, time.Second, 125},
		RevokeCert:  Rate{10, time.Second, 100},
		RenewalInfo: Rate{1000, time.Second, 100},
		Other:       Rate{250, time.Second, 125},
	}
}

// Gentle is for a CA that publishes no limits: only nonces are asked for no
// faster than Let's Encrypt allows. Answers bring enough of them, so that this
// costs nothing.
func Gentle() Rates { return Rates{NewNonce: LetsEncrypt().NewNonce} }

// share is the part of a CA's limit that one process takes, and shareOfBurst of
// what may be asked at once: there is room for a second process on the same store
// or behind the same address, and for requests that overtake each other on the way.
const (
	share        = 2
	shareOfBurst = 3
)

// pace spreads requests as a token bucket does: burst at once, then one each
// interval. Its zero value does not. It is not for concurrent use.
type pace struct {
	interval time.Duration
	burst    int
	full     time.Time // when the bucket will be full again
}

// paced takes our share of the rate, rounded so that it is never more.
func paced(r Rate) pace {
	if r.Count <= 0 || r.Per <= 0 {
		return pace{}
	}
	count := time.Duration(r.Count)
	return pace{
		interval: (share*r.Per + count - 1) / count,
		burst:    max(cmp.Or(r.Burst, r.Count)/shareOfBurst, 1),
	}
}

// next is when the bucket has a token.
func (p *pace) next(now time.Time) time.Time {
	if p.full.Before(now) {
		p.full = now
	}
	if at := p.full.Add(-time.Duration(p.burst-1) * p.interval); at.After(now) {
		return at
	}
	return now
}

// reserve takes the next token and says from when on it may be used.
func (p *pace) reserve(now time.Time) time.Time {
	at := p.next(now)
	p.full = p.full.Add(p.interval)
	return at
}

// drain leaves one token in the bucket.
func (p *pace) drain(now time.Time) {
	if empty := now.Add(time.Duration(p.burst-1) * p.interval); empty.After(p.full) {
		p.full = empty
	}
}
