package verify

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// udpSize avoids fragments on every path (DNS flag day 2020).
const udpSize = 1232

// newQuery asks as a validating stub would: recursion desired, with EDNS0 so
// that extended errors come back, and DO because some resolvers validate only
// for who asks (RFC 4035, section 3.2.1).
func newQuery(name string, qtype uint16, checkingDisabled bool) *dns.Msg {
	query := new(dns.Msg).SetQuestion(dns.CanonicalName(name), qtype)
	query.CheckingDisabled = checkingDisabled
	return query.SetEdns0(udpSize, true)
}

// exchange sends query to server over UDP, and over TCP when the answer is
// truncated (RFC 7766, section 5). The error says only that there was no
// answer within patience.
func exchange(ctx context.Context, server string, query *dns.Msg, patience time.Duration) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reply, err := exchangeOver(ctx, "udp", server, query)
	if err == nil && reply.Truncated {
		reply, err = exchangeOver(ctx, "tcp", server, query)
	}
	return reply, err
}

func exchangeOver(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	raw, err := new(net.Dialer).DialContext(ctx, network, server)
	if err != nil {
		return nil, fmt.Errorf("reaching the resolver %s: %w", server, err)
	}
	defer raw.Close()
	// A read knows deadlines only, so the context's end sets one in the past.
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	if err := conn.WriteMsg(query); err != nil {
		return nil, fmt.Errorf("asking the resolver %s: %w", server, err)
	}
	for {
		reply, err := conn.ReadMsg()
		if reply != nil && answersTo(reply, query) {
			// A message cut off in the middle still has its header.
			if err != nil && !reply.Truncated {
				return nil, fmt.Errorf("reading the answer of %s: %w", server, err)
			}
			return reply, nil
		}
		if err != nil && (reply == nil || network == "tcp") {
			return nil, fmt.Errorf("reading the answer of %s: %w", server, err)
		}
	}
}

// answersTo keeps forged and late datagrams out (RFC 5452, section 9.1).
func answersTo(reply, query *dns.Msg) bool {
	if !reply.Response || reply.Id != query.Id || len(reply.Question) != 1 {
		return false
	}
	got, want := reply.Question[0], query.Question[0]
	return got.Qtype == want.Qtype && got.Qclass == want.Qclass && strings.EqualFold(got.Name, want.Name)
}

// extendedErrors are the codes of RFC 8914 that came with a message.
func extendedErrors(msg *dns.Msg) []uint16 {
	var codes []uint16
	for _, ede := range extended(msg) {
		codes = append(codes, ede.InfoCode)
	}
	return codes
}

func extended(msg *dns.Msg) []*dns.EDNS0_EDE {
	opt := msg.IsEdns0()
	if opt == nil {
		return nil
	}
	var found []*dns.EDNS0_EDE
	for _, option := range opt.Option {
		if ede, ok := option.(*dns.EDNS0_EDE); ok {
			found = append(found, ede)
		}
	}
	return found
}

// describe puts a failure into words: the code and what explains it.
func describe(server string, msg *dns.Msg) string {
	said := dns.RcodeToString[msg.Rcode]
	if said == "" {
		said = fmt.Sprintf("RCODE %d", msg.Rcode)
	}
	for _, ede := range extended(msg) {
		said += fmt.Sprintf(", extended error %d", ede.InfoCode)
		if name := dns.ExtendedErrorCodeToString[ede.InfoCode]; name != "" {
			said += " " + name
		}
		if text := clean(ede.ExtraText, 100); text != "" {
			said += ": " + text
		}
	}
	return clean(server+" answers "+said, maxDetail)
}
