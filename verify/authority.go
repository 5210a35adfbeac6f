package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
)

// observeAuthority asks each of the zone's name servers for the name's
// addresses, all at once, and groups them by what they say.
func (v *Verifier) observeAuthority(ctx context.Context, name string, answers bool) *record.Authority {
	z := v.zoneOf(ctx, name, answers)
	if z == nil || len(z.hosts) == 0 {
		return nil
	}
	seen := &record.Authority{Zone: z.name}
	for _, l := range eachAtOnce(z.hosts, func(h host) serverLook { return v.lookAt(ctx, z, h, name) }) {
		seen.Servers = append(seen.Servers, l.server)
		if l.view != nil {
			seen.Views = merge(seen.Views, l.server.Name, *l.view)
		}
	}
	return seen
}

// serverLook is one name server's part; view is nil if it did not answer.
type serverLook struct {
	server record.NameServer
	view   *record.DNS
}

func (v *Verifier) lookAt(ctx context.Context, z *zone, h host, name string) serverLook {
	a, aaaa := sideBySide(
		func() zoneReply { return v.lookupAt(ctx, z, h, name, dns.TypeA) },
		func() zoneReply { return v.lookupAt(ctx, z, h, name, dns.TypeAAAA) },
	)
	own := a.own
	if aaaa.own.good() && (!own.good() || aaaa.own.answer == record.Answered) {
		own = aaaa.own
	}
	look := serverLook{server: record.NameServer{
		Name: h.name, Addr: h.addr, Answer: own.answer, Detail: record.Clean(own.detail, maxDetail),
	}}
	if own.good() && h.addr.IsValid() {
		look.view = dnsOf(a.reply, aaaa.reply)
	}
	return look
}

// merge adds a server to those that say the same.
func merge(views []record.View, server string, seen record.DNS) []record.View {
	same := func(v record.View) bool { return said(v.DNS) == said(seen) }
	if i := slices.IndexFunc(views, same); i >= 0 {
		views[i].Servers = append(views[i].Servers, server)
		views[i].DNS.TTL = max(views[i].DNS.TTL, seen.TTL)
		return views
	}
	return append(views, record.View{Servers: []string{server}, DNS: seen})
}

// said is what an answer says, its TTL aside.
func said(d record.DNS) string {
	return fmt.Sprint(d.Chain, d.Loop, d.A.Answer, d.A.Addrs, d.AAAA.Answer, d.AAAA.Addrs)
}
