package challenge

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// rfc2136 sends dynamic updates (RFC 2136), signed with TSIG (RFC 8945) where a
// key is configured. lego's provider of this name deletes all values at the name
// before it inserts its own, so that a wildcard and its apex, which share the
// name, would undo each other; this one adds and removes exactly one value.
type rfc2136 struct {
	server                 string // host:port
	key, secret, algorithm string
	zones                  []string
	ttl                    uint32
	timeout                time.Duration
}

var algorithms = []string{dns.HmacSHA256, dns.HmacSHA1, dns.HmacSHA224, dns.HmacSHA384, dns.HmacSHA512}

func both(suffix string) []string { return []string{"DNSUPDATE_" + suffix, "RFC2136_" + suffix} }

func newRFC2136(e *env) *rfc2136 {
	r := &rfc2136{
		server:    e.required(both("NAMESERVER")...),
		key:       e.text(both("TSIG_KEY")...),
		secret:    e.text(both("TSIG_SECRET")...),
		algorithm: dns.Fqdn(strings.ToLower(cmp.Or(e.text(both("TSIG_ALGORITHM")...), dns.HmacSHA256))),
		ttl:       uint32(e.number(120, both("TTL")...)),
		timeout:   e.seconds(10*time.Second, both("DNS_TIMEOUT")...),
	}
	if _, _, err := net.SplitHostPort(r.server); err != nil {
		r.server = net.JoinHostPort(strings.Trim(r.server, "[]"), "53")
	}
	if (r.key == "") != (r.secret == "") {
		e.fail("DNSUPDATE_TSIG_KEY", "needs DNSUPDATE_TSIG_SECRET too, and the other way round")
	}
	if _, err := base64.StdEncoding.DecodeString(r.secret); err != nil {
		e.fail("DNSUPDATE_TSIG_SECRET", "is not base64: copy it as tsig-keygen prints it")
	}
	if !slices.Contains(algorithms, r.algorithm) {
		e.fail("DNSUPDATE_TSIG_ALGORITHM", "must be one of %s", strings.ReplaceAll(strings.Join(algorithms, ", "), ".", ""))
	}
	if r.key != "" {
		r.key = dns.CanonicalName(r.key)
	}
	for zone := range strings.SplitSeq(e.text(both("ZONES")...), ",") {
		if zone = strings.TrimSpace(zone); zone != "" {
			r.zones = append(r.zones, dns.CanonicalName(zone))
		}
	}
	return r
}

// Add inserts the value (RFC 2136, section 2.5.1).
func (r *rfc2136) Add(ctx context.Context, t TXT) error {
	return r.update(ctx, t, (*dns.Msg).Insert)
}

// Remove deletes the one value (RFC 2136, section 2.5.4).
func (r *rfc2136) Remove(ctx context.Context, t TXT) error {
	return r.update(ctx, t, (*dns.Msg).Remove)
}

func (r *rfc2136) update(ctx context.Context, t TXT, change func(*dns.Msg, []dns.RR)) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	m := new(dns.Msg).SetUpdate(r.zone(t))
	change(m, []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: dns.Fqdn(t.Name), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: r.ttl},
		Txt: []string{t.Value},
	}})
	reply, err := r.exchange(ctx, m)
	switch {
	case reply != nil && reply.Rcode != dns.RcodeSuccess:
		return r.refused(reply)
	case err != nil:
		return fmt.Errorf("the DNS update at %s: %w", r.server, err)
	}
	return nil
}

// zone is the configured zone that the name lies in, the longest first, or the
// one that was found in DNS.
func (r *rfc2136) zone(t TXT) string {
	best := ""
	for _, zone := range r.zones {
		if dns.IsSubDomain(zone, dns.Fqdn(t.Name)) && len(zone) > len(best) {
			best = zone
		}
	}
	return cmp.Or(best, dns.Fqdn(t.Zone))
}

// exchange goes over TCP: an update is small, but its loss costs a time-out.
func (r *rfc2136) exchange(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", r.server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	// A read knows deadlines only, so the context's end sets one in the past.
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn := &dns.Conn{Conn: raw}
	if r.key != "" {
		conn.TsigSecret = map[string]string{r.key: r.secret}
		m.SetTsig(r.key, r.algorithm, 300, time.Now().Unix())
	}
	if err := conn.WriteMsg(m); err != nil {
		return nil, err
	}
	reply, err := conn.ReadMsg()
	switch {
	case err == nil && reply.Id != m.Id:
		return nil, errors.New("the answer is to another question")
	case err == nil && r.key != "" && reply.Rcode == dns.RcodeSuccess && reply.IsTsig() == nil:
		return nil, errors.New("the answer is not signed (RFC 8945, section 5.3)")
	}
	return reply, err
}

// refused words a refusal. NOTAUTH with a TSIG error concerns the key (RFC 8945,
// section 5.2), else the zone (RFC 2136, section 3.1).
func (r *rfc2136) refused(reply *dns.Msg) error {
	if sig := reply.IsTsig(); sig != nil && sig.Error != 0 {
		return &refusal{text: fmt.Sprintf("%s refuses the DNS update: %s (check the TSIG key, its algorithm and the clock)",
			r.server, dns.RcodeToString[int(sig.Error)])}
	}
	foreign := []int{dns.RcodeNotAuth, dns.RcodeNotZone, dns.RcodeRefused}
	return &refusal{
		text:    fmt.Sprintf("%s refuses the DNS update: %s", r.server, dns.RcodeToString[reply.Rcode]),
		foreign: slices.Contains(foreign, reply.Rcode),
	}
}
