package reconcile_test

import (
	"net/netip"
	"time"

	"github.com/acmsync/acmsync/internal/record"
)

// Health is what is the matter with a name, as our checks or the CA see it.
type health string

const (
	well      health = ""
	nxdomain  health = "nxdomain"
	caa       health = "caa"
	cdn       health = "cdn"       // the probe gets a page
	silent    health = "silent"    // our checks cannot ask anybody
	unseen    health = "unseen"    // our checks pass, the CA's validation fails
	rejected  health = "rejected"  // the CA will not have the name
	limited   health = "limited"   // the CA rate limits the name
	malformed health = "malformed" // the CA returns a bad certificate
	barred    health = "barred"    // something in front of the CA refuses to pass on what it has
	walled    health = "walled"    // nothing answers the probe, so we only advise; the CA fails
	elsewhere health = "elsewhere" // the edge serves some other certificate
)

func observation(q record.Question, h health, served string, now time.Time) record.Observation {
	o := record.Observation{Name: q.Name, At: now}
	if q.DNS {
		o.DNS, o.CAA, o.Probe = answers(h)
	}
	if q.Served {
		o.Served = []record.Served{{Answer: record.Answered, Address: edgeAddr, SHA256: served, Serial: served}}
		if h == elsewhere {
			o.Served[0].SHA256, o.Served[0].Serial = "other", "other"
		}
		if served == "" || h == silent {
			o.Served = []record.Served{{Answer: record.NoAnswer, Detail: "edge silent"}}
		}
	}
	return o
}

func answers(h health) (*record.DNS, *record.CAA, *record.Probe) {
	found := record.Addresses{Answer: record.Answered, Addrs: []netip.Addr{edgeAddr}}
	dns := &record.DNS{A: found, AAAA: record.Addresses{Answer: record.NoData}, Target: []netip.Addr{edgeAddr}}
	caaSet := &record.CAA{Answer: record.NoData}
	probe := &record.Probe{Result: record.ProbeAnswered, Address: edgeAddr, Status: 200, Body: record.BodyMatch}
	switch h {
	case nxdomain:
		none := record.Addresses{Answer: record.NXDomain}
		dns.A, dns.AAAA = none, none
		probe = &record.Probe{Result: record.ProbeNoAddress}
	case caa:
		caaSet = &record.CAA{Zone: "example", Answer: record.Answered, Records: []record.CAARecord{{Tag: "issue", Value: "other.test"}}}
	case cdn:
		probe.Status, probe.Body = 404, record.BodyHTML
	case walled:
		probe = &record.Probe{Result: record.ProbeTimeout, Address: edgeAddr}
	case silent:
		none := record.Addresses{Answer: record.NoAnswer}
		dns = &record.DNS{A: none, AAAA: none}
		caaSet = &record.CAA{Answer: record.NoAnswer}
		probe = &record.Probe{Result: record.ProbeNotAsked}
	}
	return dns, caaSet, probe
}

func problem(h health, now time.Time) *record.Problem {
	acme := func(kind, detail, during string) *record.Problem {
		return &record.Problem{Type: "urn:ietf:params:acme:error:" + kind, Detail: detail, Status: 403, During: during}
	}
	switch h {
	case nxdomain:
		return acme("dns", "NXDOMAIN looking up A", "authorization")
	case caa:
		return acme("caa", "CAA record prevents issuance", "authorization")
	case cdn, unseen:
		return acme("unauthorized", "Invalid response", "authorization")
	case walled:
		return acme("connection", "Timeout during connect", "authorization")
	case rejected:
		return acme("rejectedIdentifier", "policy forbids", "order")
	case barred:
		return &record.Problem{Status: 403, Detail: "Forbidden", During: "certificate"}
	case limited:
		p := acme("rateLimited", "too many certificates", "order")
		p.Status, p.RetryAfter = 429, now.Add(3*time.Hour)
		return p
	}
	return nil
}
