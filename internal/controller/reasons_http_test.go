package controller_test

import (
	"net/http"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/edge"
)

const (
	parked  = "<!doctype html><title>This domain is parked</title>"
	trouble = "<!doctype html><title>Something is wrong</title>"
)

func httpWays() []way {
	page := func(status int, header ...string) edge.Behaviour {
		b := edge.Behaviour{Status: status, Body: trouble, Header: http.Header{}}
		if status == http.StatusOK {
			b.Body = parked
		}
		for i := 0; i+1 < len(header); i += 2 {
			b.Header.Set(header[i], header[i+1])
		}
		return b
	}
	ways := []way{
		{name: "elsewhere a parked page", wrong: []fault{elsewhere(page(200))}, want: failure.CDNChallengeMissing, remedy: "then set CNAME {} to {}.dns.platform.example; but if "},
		{name: "elsewhere not found", wrong: []fault{elsewhere(page(404))}, want: failure.CDNChallengeMissing},
		{name: "a parked page", wrong: []fault{answers(page(200))}, want: failure.CDNChallengeMissing, message: "127.0.0.1 answers for {} with HTTP 200 and the page of a parked domain."},
		{name: "not found", wrong: []fault{answers(page(404))}, want: failure.CDNChallengeMissing, message: "404"},
		{
			name: "forbidden by a cdn", wrong: []fault{answers(page(403, "Server", "cloudflare", "CF-RAY", "8a1"))},
			want: failure.CDNChallengeMissing, message: "403", advises: true,
		},
		{name: "a login", wrong: []fault{answers(page(401, "WWW-Authenticate", "Basic"))}, want: failure.CDNChallengeMissing},
		{name: "one foreign account", wrong: []fault{answers(edge.Behaviour{Thumbprint: "somebodyElsesThumbprintAAAAAAAAAAAAAAAAAAAA"})}, want: failure.CDNChallengeMissing, message: "another ACME account"},
		{name: "bad gateway", wrong: []fault{answers(page(502))}, want: failure.ChallengeUnreach, message: "502"},
		{name: "origin handshake failed", wrong: []fault{answers(page(525))}, want: failure.CDNStrictTLS},
		{name: "origin certificate invalid", wrong: []fault{answers(page(526))}, want: failure.CDNStrictTLS},
		{
			name: "to the front page", wrong: []fault{answers(edge.Behaviour{Redirect: "http://first.healthy.test/"})},
			want: failure.RedirectDropsPath, message: "first.healthy.test",
		},
		{name: "to https without a certificate", wrong: []fault{answers(edge.Behaviour{Redirect: "https://{host}{path}", NoTLS: true})}, want: failure.CDNStrictTLS},
		{name: "to a private address", wrong: []fault{answers(edge.Behaviour{Redirect: "http://10.0.0.1{path}"})}, want: failure.ReservedAddress},
		{name: "in circles", wrong: []fault{answers(edge.Behaviour{Redirect: "http://{host}{path}"})}, want: failure.ChallengeUnreach},
		{name: "to another port", wrong: []fault{answers(edge.Behaviour{Redirect: "http://{host}:8080{path}"})}, want: failure.ChallengeUnreach},
	}
	return append(ways, redirectWays()...)
}

// redirectWays are redirects that no CA follows, or that lead to nothing.
func redirectWays() []way {
	to := func(name, location string, want failure.Code, message, remedy string) way {
		return way{name: name, wrong: []fault{answers(edge.Behaviour{Redirect: location})}, want: want, message: message, remedy: remedy}
	}
	ways := []way{
		to("to a mirror by ftp", "ftp://{host}{path}", failure.ChallengeUnreach, "neither http nor https", "Take away that redirect"),
		to("a slash forgotten", "https://{host}.well-known/acme-challenge/", failure.ChallengeUnreach, "the slash between host and path is missing", "https://{}/"),
		to("into the intranet", "http://intranet{path}", failure.ChallengeUnreach, "no public host name", ""),
		to("to a name in another script", "http://b\u00fccher.test{path}", failure.ChallengeUnreach, "no public host name", ""),
		to("to a parking service", "http://ww1.sedoparking.com/", failure.RedirectDropsPath, "loses the challenge path", ""),
		to("without end", "http://{host}/x{path}", failure.ChallengeUnreach, "", ""),
		{
			name: "see other", wrong: []fault{answers(edge.Behaviour{Redirect: "http://first.healthy.test{path}", Status: 303})},
			want: failure.ChallengeUnreach, message: "303",
		},
		{
			name: "ours and a foreign address", wrong: []fault{elsewhere(edge.Behaviour{Status: 404, Body: trouble}), records("A 127.0.0.1", "A "+otherEdge), answers(edge.Behaviour{Status: 502})},
			want: failure.IncorrectDNS, message: "127.0.0.2",
		},
	}
	ways[5].advises = true
	if hasIPv6() {
		ways = append(ways, way{
			name: "ipv6 elsewhere", wrong: []fault{elsewhere(edge.Behaviour{Status: 404, Body: trouble}), records("A 127.0.0.1", "AAAA "+otherEdge6)},
			want: failure.AAAAMismatch, message: "127.0.0.1 answers right, ::1 does not (HTTP 404", remedy: "Remove AAAA {} ::1",
		})
	}
	return ways
}
