package controller_test

import (
	"net/http"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/lab/edge"
)

const parked = "<!doctype html><title>This domain is parked</title>"

func httpWays() []way {
	page := func(status int, header ...string) edge.Behaviour {
		b := edge.Behaviour{Status: status, Body: parked, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			b.Header.Set(header[i], header[i+1])
		}
		return b
	}
	ways := []way{
		{name: "elsewhere a parked page", wrong: []fault{elsewhere(page(200))}, want: failure.CDNChallengeMissing, remedy: "or set "},
		{name: "elsewhere not found", wrong: []fault{elsewhere(page(404))}, want: failure.CDNChallengeMissing},
		{name: "a parked page", wrong: []fault{answers(page(200))}, want: failure.CDNChallengeMissing},
		{name: "not found", wrong: []fault{answers(page(404))}, want: failure.CDNChallengeMissing, message: "404"},
		{name: "forbidden by a cdn", wrong: []fault{answers(page(403, "Server", "cloudflare", "CF-RAY", "8a1"))}, want: failure.CDNChallengeMissing},
		{name: "a login", wrong: []fault{answers(page(401, "WWW-Authenticate", "Basic"))}, want: failure.CDNChallengeMissing},
		{name: "one foreign account", wrong: []fault{answers(edge.Behaviour{Thumbprint: "somebodyElsesThumbprintAAAAAAAAAAAAAAAAAAAA"})}, want: failure.CDNChallengeMissing},
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
	return ways
}
