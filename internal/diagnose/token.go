package diagnose

import (
	"net/url"
	"slices"
	"strings"

	"github.com/acmsync/acmsync/internal/record"
)

// untokened is a probe without the token it used, which is another one at every
// look: what is shown changes only when what was seen does.
func untokened(p *record.Probe) *record.Probe {
	if p == nil {
		return nil
	}
	clean := *p
	clean.Each = nil
	clean.Hops = slices.Clone(p.Hops)
	if len(p.Hops) > 0 {
		token := tokenOf(p.Hops[0].URL)
		for i := range clean.Hops {
			clean.Hops[i].URL = without(clean.Hops[i].URL, token)
			clean.Hops[i].Location = without(clean.Hops[i].Location, token)
		}
	}
	for i := range p.Each {
		clean.Each = append(clean.Each, *untokened(&p.Each[i]))
	}
	return &clean
}

// shortest is a token that cannot be a part of something else by chance.
const shortest = 16

// tokenOf is what follows the challenge's path in the first request.
func tokenOf(first string) string {
	at, err := url.Parse(first)
	if err != nil {
		return ""
	}
	token, ok := strings.CutPrefix(at.Path, record.ChallengePath)
	if !ok {
		return ""
	}
	return token
}

func without(s, token string) string {
	if len(token) < shortest {
		return s
	}
	return strings.ReplaceAll(s, token, "…")
}
