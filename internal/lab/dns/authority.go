package dns

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Authority is an authoritative name server of one zone whose TXT records
// change by dynamic updates (RFC 2136), signed with TSIG (RFC 8945). One that
// is fed by another is its secondary, and may be made to lag.
type Authority struct {
	zone    string
	addr    string
	servers []*mdns.Server
	served  sync.WaitGroup

	mu      sync.Mutex
	txt     map[string][]string // by owner
	feeds   []*Authority
	held    []func() // what a lagging secondary has not taken yet
	lagging bool
	silent  bool
	refuse  int // the code that updates get; 0: they are done
	updates int
	// changed is told of each record set that changed.
	changed func(owner string, values []string)
}

// AuthorityOptions shape an Authority.
type AuthorityOptions struct {
	// Addr is the "ip:port" to be at, the port free on UDP and TCP.
	Addr string
	// Key and Secret (base64) sign updates; without a Key nothing is updated.
	Key, Secret string
}

// NewAuthority starts a server for the zone.
func NewAuthority(zone string, o AuthorityOptions) (*Authority, error) {
	packets, err := net.ListenPacket("udp4", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("starting an authoritative server: %w", err)
	}
	listener, err := net.Listen("tcp4", packets.LocalAddr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting an authoritative server: %w", err), packets.Close())
	}
	a := &Authority{zone: mdns.CanonicalName(zone), addr: packets.LocalAddr().String(), txt: map[string][]string{}}
	secrets := map[string]string{}
	if o.Key != "" {
		secrets[mdns.CanonicalName(o.Key)] = o.Secret
	}
	for _, server := range []*mdns.Server{{PacketConn: packets}, {Listener: listener}} {
		server.Handler, server.TsigSecret = mdns.HandlerFunc(a.handle), secrets
		// The library refuses updates unless told otherwise.
		server.MsgAcceptFunc = func(mdns.Header) mdns.MsgAcceptAction { return mdns.MsgAccept }
		a.start(server)
	}
	return a, nil
}

func (a *Authority) start(server *mdns.Server) {
	ready := make(chan struct{})
	server.NotifyStartedFunc = sync.OnceFunc(func() { close(ready) })
	server.IdleTimeout = func() time.Duration { return 500 * time.Millisecond }
	a.servers = append(a.servers, server)
	a.served.Go(func() { _ = server.ActivateAndServe() }) // ends by Shutdown
	<-ready
}

// Addr is the server's "ip:port".
func (a *Authority) Addr() string { return a.addr }

// Close stops the server and waits until its goroutines have ended.
func (a *Authority) Close() error {
	var errs []error
	for _, server := range a.servers {
		errs = append(errs, server.Shutdown())
	}
	a.served.Wait()
	return errors.Join(errs...)
}

// Feed makes other a secondary: it gets every change from now on.
func (a *Authority) Feed(other *Authority) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.feeds = append(a.feeds, other)
}

// OnChange has f told of each record set that changes at this server.
func (a *Authority) OnChange(f func(owner string, values []string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed = f
}

// Lag keeps changes back from now on, or, with false, takes all that were.
func (a *Authority) Lag(on bool) {
	a.mu.Lock()
	a.lagging = on
	var held []func()
	if !on {
		held, a.held = a.held, nil
	}
	a.mu.Unlock()
	for _, take := range held {
		take()
	}
}

// Silence makes the server answer nothing, or, with false, again.
func (a *Authority) Silence(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silent = on
}

// Refuse answers updates with the code; 0 does them again.
func (a *Authority) Refuse(rcode int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = rcode
}

// TXT are the values at name, sorted.
func (a *Authority) TXT(name string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.txt[mdns.CanonicalName(name)]))
}

// Records counts all values in the zone, Updates the updates that were done.
func (a *Authority) Records() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, values := range a.txt {
		n += len(values)
	}
	return n
}

// Updates is how many updates were done.
func (a *Authority) Updates() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.updates
}
