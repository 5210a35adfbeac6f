package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/record"
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

// exchange sends query to server, and again without EDNS0 when the server does
// not know that (RFC 6891, section 7). The error says only that there was no
// answer within patience.
func (d dialer) exchange(ctx context.Context, server string, query *dns.Msg, patience time.Duration) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reply, err := d.exchangeEither(ctx, server, query)
	if err == nil && rejectsEDNS(reply, query) {
		plain := query.Copy()
		plain.Extra = nil
		reply, err = d.exchangeEither(ctx, server, plain)
	}
	return reply, err
}

// rejectsEDNS: a server that knows EDNS0 and finds fault with the question puts
// an OPT record into its answer (RFC 6891, section 6.1.1).
func rejectsEDNS(reply, query *dns.Msg) bool {
	failed := reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeNotImplemented
	return failed && query.IsEdns0() != nil && reply.IsEdns0() == nil
}

// exchangeEither asks over UDP, and over TCP when the answer is truncated (RFC
// 7766, section 5).
func (d dialer) exchangeEither(ctx context.Context, server string, query *dns.Msg) (*dns.Msg, error) {
	reply, err := d.exchangeOver(ctx, "udp", server, query)
	if err != nil || !reply.Truncated {
		return reply, err
	}
	reply, err = d.exchangeOver(ctx, "tcp", server, query)
	if err != nil {
		return nil, &noTCPError{err}
	}
	return reply, nil
}

// noTCPError is that of a server whose answer needs TCP, which it does not
// speak.
type noTCPError struct{ error }

func (e *noTCPError) Unwrap() error { return e.error }

// errGarbled is an answer that cannot be read, though its header can.
var errGarbled = errors.New("a message that cannot be read")

// unanswered is how a question without a usable answer ended, in words of our
// own.
func unanswered(server string, err error) asked {
	if errors.Is(err, errGarbled) {
		return asked{answer: record.Garbled, detail: server + " answers with " + errGarbled.Error()}
	}
	return asked{answer: record.TimedOut, detail: silence(server, err)}
}

func silence(server string, err error) string {
	var tcp *noTCPError
	switch {
	case errors.As(err, &tcp):
		return server + " cuts its answer short over UDP and does not answer over TCP"
	case errors.Is(err, syscall.ECONNREFUSED):
		return server + " does not answer, nobody listens there"
	}
	return server + " did not answer"
}

func (d dialer) exchangeOver(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	if !allowanceOf(ctx).spend() {
		return nil, errTooMany
	}
	raw, err := d.dial(ctx, network, server)
	if err != nil {
		return nil, fmt.Errorf("reaching the name server %s: %w", server, err)
	}
	defer raw.Close()
	// A read knows deadlines only, so the context's end sets one in the past.
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	if err := conn.WriteMsg(query); err != nil {
		return nil, fmt.Errorf("asking the name server %s: %w", server, err)
	}
	for {
		reply, err := conn.ReadMsg()
		if reply != nil && answersTo(reply, query) {
			// A message cut off in the middle still has its header.
			if err != nil && !reply.Truncated {
				return nil, fmt.Errorf("reading the answer of %s: %w: %w", server, errGarbled, err)
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
		if text := record.Clean(ede.ExtraText, 100); text != "" {
			said += ": " + text
		}
	}
	return record.Clean(server+" answers "+said, maxDetail)
}
