package operate

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/status"
)

// evidence is what was seen, for other programs. What was not asked for, or
// could not be had, is absent.
type evidence struct {
	// Chain are the aliases from the name on.
	Chain       []status.Record `json:"chain,omitempty"`
	Addresses   []netip.Addr    `json:"addresses,omitempty"`
	Zone        string          `json:"zone,omitempty"`
	NameServers []string        `json:"nameServers,omitempty"`
	CAA         *caaSet         `json:"caa,omitempty"`
	// Proofs are the TXT records where a proof of ownership may stand.
	Proofs []status.Record `json:"proofs,omitempty"`
	HTTP   []request       `json:"http,omitempty"`
	TLS    []presented     `json:"tls,omitempty"`
}

// caaSet is the set that counts, and the name it stands at.
type caaSet struct {
	At      string   `json:"at"`
	Records []string `json:"records"`
}

type request struct {
	URL      string `json:"url"`
	Status   int    `json:"status"`
	Location string `json:"location,omitempty"`
}

type presented struct {
	Address  string     `json:"address,omitempty"`
	Serial   string     `json:"serial,omitempty"`
	SHA256   string     `json:"sha256,omitempty"`
	Issuer   string     `json:"issuer,omitempty"`
	NotAfter *time.Time `json:"notAfter,omitempty"`
	ForName  bool       `json:"forName"`
	Error    string     `json:"error,omitempty"`
}

func evidenceOf(o record.Observation) evidence {
	var e evidence
	if d := o.DNS; d != nil {
		e.Chain, e.Addresses = records(d.Chain), slices.Concat(d.A.Addrs, d.AAAA.Addrs)
		if a := d.Authority; a != nil {
			e.Zone = record.Clean(a.Zone, 300)
			for _, s := range a.Servers {
				e.NameServers = append(e.NameServers, record.Clean(s.Name, 300))
			}
		}
	}
	if c := o.CAA; c != nil && c.Answer == record.Answered {
		e.CAA = &caaSet{At: record.Clean(c.Zone, 300), Records: []string{}}
		for _, r := range c.Records {
			e.CAA.Records = append(e.CAA.Records, caaText(r))
		}
	}
	e.Proofs = textRecords(o.Ownership)
	if o.Probe != nil {
		for _, h := range o.Probe.Hops {
			e.HTTP = append(e.HTTP, request{tokenless(o.Probe, h.URL), h.Status, tokenless(o.Probe, h.Location)})
		}
	}
	for _, s := range o.Served {
		e.TLS = append(e.TLS, presentedBy(s))
	}
	return e
}

// tokenless is a URL without the challenge's token, which is another one at every
// look.
func tokenless(p *record.Probe, url string) string {
	if _, token, ok := strings.Cut(p.Hops[0].URL, record.ChallengePath); ok && token != "" {
		url = strings.ReplaceAll(url, token, "TOKEN")
	}
	return record.Clean(url, 600)
}

func presentedBy(s record.Served) presented {
	p := presented{Serial: record.Clean(s.Serial, 100), SHA256: record.Clean(s.SHA256, 100), Issuer: record.Clean(s.Issuer, 100), ForName: s.ForName}
	if s.Address.IsValid() {
		p.Address = s.Address.String()
	}
	if s.Answer == record.Answered {
		at := s.NotAfter.UTC()
		p.NotAfter = &at
	} else {
		p.Error = record.Clean(s.Detail, 300)
	}
	return p
}
