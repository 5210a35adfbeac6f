package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/acmsync/acmsync/internal/beside"
	"github.com/acmsync/acmsync/internal/record"
)

const (
	// maxAddresses bounds how many addresses of a zone's servers are asked; the
	// largest zones have thirteen servers of two addresses.
	maxAddresses = 26
	// authorityPatience is how long one server may take for one answer.
	authorityPatience = 2 * time.Second
)

// ChallengeZone finds where the response to a dns-01 challenge for name belongs
// (RFC 8555, section 8.4): aliases of _acme-challenge.NAME are followed, as the
// CA follows them, to the zone that answers for the end of the chain.
func (v *Verifier) ChallengeZone(ctx context.Context, name string) (record.ChallengeZone, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	at := "_acme-challenge." + strings.TrimPrefix(strings.TrimSuffix(name, "."), "*.")
	found := v.resolver.lookup(ctx, at, dns.TypeTXT)
	switch {
	case found.loop:
		return record.ChallengeZone{}, fmt.Errorf("the aliases of %s lead back to themselves", at)
	case len(found.chain) > 0 && !v.fromWildcard(ctx, found.chain[0]):
		at = found.chain[len(found.chain)-1].Value
	}
	z := record.ChallengeZone{Name: undotted(dns.CanonicalName(at))}
	if found.answer == record.NoAnswer {
		return z, errors.New(found.detail)
	}
	var err error
	if z.Zone, err = v.cutOf(ctx, z.Name); err != nil {
		return z, err
	}
	z.Servers, err = v.allServers(ctx, z.Zone)
	return z, err
}

// fromWildcard reports whether an alias only comes of a wildcard of the zone
// (RFC 4592): it is gone as soon as the record that is to be written exists, so
// it delegates nothing. A wildcard's own alias is had by asking for its name.
func (v *Verifier) fromWildcard(ctx context.Context, alias record.RR) bool {
	for at := parentOf(alias.Name); strings.Contains(at, "."); at = parentOf(at) {
		wild := v.resolver.lookup(ctx, "*."+at, dns.TypeCNAME)
		if wild.answer != record.Answered {
			continue
		}
		return dns.CanonicalName(wild.rrs[0].(*dns.CNAME).Target) == dns.CanonicalName(alias.Value)
	}
	return false
}

// cutOf is the closest name at or above that has an SOA record (RFC 1034,
// section 4.2).
func (v *Verifier) cutOf(ctx context.Context, name string) (string, error) {
	for zone := name; zone != ""; zone = parentOf(zone) {
		r := v.shared.lookup(ctx, zone, dns.TypeSOA)
		switch {
		case len(r.chain) > 0: // an alias is no zone's apex (RFC 1034, section 3.6.2)
		case r.answer == record.Answered:
			return zone, nil
		case r.answer != record.Answered && r.answer != record.NoData && r.answer != record.NXDomain:
			return "", fmt.Errorf("the zone of %s cannot be found: %s", name, r.detail)
		}
	}
	return "", fmt.Errorf("the zone of %s cannot be found", name)
}

// allServers are the addresses of the zone's name servers that may be asked.
func (v *Verifier) allServers(ctx context.Context, zone string) ([]record.NameServer, error) {
	r := v.shared.lookup(ctx, zone, dns.TypeNS)
	var names []string
	for _, rr := range r.rrs {
		if ns, ok := rr.(*dns.NS); ok {
			names = append(names, undotted(dns.CanonicalName(ns.Ns)))
		}
	}
	slices.Sort(names)
	var servers []record.NameServer
	for _, name := range slices.Compact(names) {
		a, aaaa := v.sharedAddresses(ctx, name)
		for _, addr := range slices.Concat(addrs(a), addrs(aaaa)) {
			if v.guard.Allowed(addr) && len(servers) < maxAddresses {
				servers = append(servers, record.NameServer{Name: name, Addr: addr})
			}
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("no name server of %s has an address that may be asked", zone)
	}
	return servers, nil
}

// Missing asks every one of the zone's servers, directly and side by side, for
// the TXT record, and returns a phrase for each server that does not have the
// value: "ns2.example (192.0.2.2) does not have it". None means that the CA sees
// it whichever it asks. A server whose address family this host cannot reach is
// left out as long as another address of the same server has the value.
func (v *Verifier) Missing(ctx context.Context, z record.ChallengeZone, value string) []string {
	said := make([]string, len(z.Servers))
	var asking beside.Group
	for i, server := range z.Servers {
		asking.Go(func() { said[i] = v.lacks(ctx, server, z.Name, value) })
	}
	asking.Wait()
	good := map[string]bool{}
	for i, server := range z.Servers {
		good[server.Name] = good[server.Name] || said[i] == ""
	}
	var missing []string
	for i, server := range z.Servers {
		if said[i] != "" && (said[i] != silent || !good[server.Name]) {
			missing = append(missing, fmt.Sprintf("%s (%s) %s", server.Name, server.Addr, said[i]))
		}
	}
	return missing
}

const silent = "does not answer"

// lacks is how a server's answer falls short; empty: it does not.
func (v *Verifier) lacks(ctx context.Context, server record.NameServer, name, value string) string {
	query := newQuery(name, dns.TypeTXT, false)
	query.RecursionDesired = false
	address := net.JoinHostPort(server.Addr.String(), strconv.Itoa(v.authorities.port))
	reply, err := v.authorities.dialer.exchange(ctx, address, query, authorityPatience)
	switch {
	case err != nil:
		return silent
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return "answers " + dns.RcodeToString[reply.Rcode]
	case !reply.Authoritative:
		return "does not answer for the zone"
	}
	for _, rr := range reply.Answer {
		// The character-strings of one record are one value (RFC 8555, section
		// 8.4, compares it as a whole).
		if txt, ok := rr.(*dns.TXT); ok && strings.Join(txt.Txt, "") == value {
			return ""
		}
	}
	return "does not have it"
}
