package dns

import (
	"errors"
	"fmt"
	"net"

	mdns "github.com/miekg/dns"
)

// UpdateKey and UpdateSecret sign the updates of a [Pair].
const (
	UpdateKey    = "acmsync-key."
	UpdateSecret = "c2VjcmV0IG9mIHRoZSBsYWIsIG5vdCBvZiBhbnlib2R5"
)

// Pair is a zone with a primary that takes updates and a secondary, on one port
// of two addresses. The resolver answers from the secondary, so a CA that looks
// before it has caught up finds nothing.
type Pair struct {
	Primary, Secondary *Authority
	// Port is that of both.
	Port int
}

// NewPair starts the two and tells the resolver of the zone.
func NewPair(resolver *Server, zone string) (*Pair, error) {
	var errs []error
	for range bindTries {
		p, err := newPair(zone)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		_, port, _ := net.SplitHostPort(p.Primary.Addr())
		_, _ = fmt.Sscan(port, &p.Port)
		p.introduce(resolver, zone)
		return p, nil
	}
	return nil, errors.Join(errs...)
}

func newPair(zone string) (*Pair, error) {
	key := AuthorityOptions{Addr: "127.0.0.2:0", Key: UpdateKey, Secret: UpdateSecret}
	primary, err := NewAuthority(zone, key)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(primary.Addr())
	secondary, err := NewAuthority(zone, AuthorityOptions{Addr: "127.0.0.3:" + port})
	if err != nil {
		return nil, errors.Join(err, primary.Close())
	}
	primary.Feed(secondary)
	return &Pair{Primary: primary, Secondary: secondary}, nil
}

func (p *Pair) introduce(resolver *Server, zone string) {
	resolver.Set(zone, "SOA ns1."+zone+". hostmaster."+zone+". 1 1 1 1 0", "NS ns1."+zone+".", "NS ns2."+zone+".")
	resolver.Set("ns1."+zone, "A 127.0.0.2")
	resolver.Set("ns2."+zone, "A 127.0.0.3")
	p.Secondary.OnChange(func(owner string, values []string) {
		var records []string
		for _, value := range values {
			records = append(records, fmt.Sprintf("TXT %q", value))
		}
		resolver.Remove(owner, mdns.TypeTXT)
		if len(records) > 0 {
			resolver.Set(owner, records...)
		}
	})
}

// Close stops both servers.
func (p *Pair) Close() error { return errors.Join(p.Primary.Close(), p.Secondary.Close()) }
