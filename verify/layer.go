package verify

import (
	"net/http"
	"strings"
)

// sign is a header by which a layer in front of a site shows itself: its value
// begins with, or for Via and X-CDN holds, the text.
type sign struct {
	layer, header, text string
}

// signs are what the vendors document, or send to everybody. They name a layer
// in a sentence and decide nothing: anybody can send any header.
var signs = []sign{
	{"Cloudflare", "CF-RAY", ""},
	{"Cloudflare", "Server", "cloudflare"},
	{"Fastly", "X-Served-By", "cache-"},
	{"Fastly", "Fastly-Debug-Digest", ""},
	{"Akamai", "Server", "akamai"},
	{"Akamai", "X-Akamai-Request-Id", ""},
	{"Amazon CloudFront", "X-Amz-Cf-Id", ""},
	{"Amazon CloudFront", "Server", "cloudfront"},
	{"Amazon Elastic Load Balancing", "Server", "awselb"},
	{"Amazon S3", "Server", "amazons3"},
	{"Azure Front Door", "X-Azure-Ref", ""},
	{"Google", "Via", "1.1 google"},
	{"Google", "Server", "google frontend"},
	{"Google", "Server", "ghs"},
	{"Imperva", "X-Iinfo", ""},
	{"Imperva", "X-CDN", "imperva"},
	{"Imperva", "X-CDN", "incapsula"},
	{"Sucuri", "X-Sucuri-ID", ""},
	{"Sucuri", "Server", "sucuri"},
	{"DDoS-Guard", "Server", "ddos-guard"},
	{"bunny.net", "Server", "bunnycdn"},
	{"KeyCDN", "Server", "keycdn"},
	{"Vercel", "Server", "vercel"},
	{"Netlify", "Server", "netlify"},
	{"GitHub Pages", "Server", "github.com"},
	{"Heroku", "Via", "vegur"},
	{"Heroku", "Server", "heroku"},
	{"Fly.io", "Server", "fly/"},
	{"Squarespace", "Server", "squarespace"},
	{"Wix", "X-Wix-Request-Id", ""},
	{"Shopify", "X-ShopId", ""},
	{"WordPress.com", "X-ac", ""},
	{"a parking service", "Server", "parking"},
	{"Varnish", "X-Varnish", ""},
	{"Varnish", "Via", "varnish"},
	{"Envoy", "Server", "envoy"},
}

// layerOf names who answered by the first sign that is there; empty: none is.
func layerOf(header http.Header) string {
	for _, s := range signs {
		for _, value := range header.Values(s.header) {
			value = strings.ToLower(value)
			inside := (s.header == "Via" || s.header == "X-CDN") && strings.Contains(value, s.text)
			if inside || strings.HasPrefix(value, s.text) {
				return s.layer
			}
		}
	}
	return ""
}
