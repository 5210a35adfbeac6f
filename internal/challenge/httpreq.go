package challenge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// httpreq asks a service of the operator by POST of {"fqdn": …, "value": …} to
// ENDPOINT/present and ENDPOINT/cleanup; in mode RAW, of {"domain": …, "token":
// …, "keyAuth": …}. It is the protocol of lego's provider of this name.
type httpreq struct {
	endpoint           *url.URL
	raw                bool
	username, password string
	client             *http.Client
}

func newHTTPReq(e *env) *httpreq {
	h := &httpreq{username: e.text("HTTPREQ_USERNAME"), password: e.text("HTTPREQ_PASSWORD")}
	h.client = &http.Client{
		Timeout: e.seconds(30*time.Second, "HTTPREQ_HTTP_TIMEOUT"),
		// The credentials are for the endpoint, and for nobody it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var err error
	h.endpoint, err = url.Parse(e.required("HTTPREQ_ENDPOINT"))
	switch {
	case err != nil || h.endpoint.Host == "":
		e.fail("HTTPREQ_ENDPOINT", "is not a URL")
	case h.endpoint.User != nil:
		e.fail("HTTPREQ_ENDPOINT", "must hold no password: use HTTPREQ_USERNAME and HTTPREQ_PASSWORD_FILE")
	case h.endpoint.Scheme != "https" && !(h.endpoint.Scheme == "http" && (h.username == "" || loopback(h.endpoint.Hostname()))):
		e.fail("HTTPREQ_ENDPOINT", "must be https://, since credentials would travel in the clear")
	}
	switch mode := e.text("HTTPREQ_MODE"); mode {
	case "":
	case "RAW":
		h.raw = true
	default:
		e.fail("HTTPREQ_MODE", "must be RAW or absent")
	}
	return h
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Add posts to ENDPOINT/present.
func (h *httpreq) Add(ctx context.Context, t TXT) error { return h.post(ctx, "present", t) }

// Remove posts to ENDPOINT/cleanup.
func (h *httpreq) Remove(ctx context.Context, t TXT) error { return h.post(ctx, "cleanup", t) }

func (h *httpreq) post(ctx context.Context, verb string, t TXT) error {
	message := map[string]string{"fqdn": t.Name + ".", "value": t.Value}
	if h.raw {
		message = map[string]string{"domain": t.Domain, "token": t.Token, "keyAuth": t.KeyAuth}
	}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint.JoinPath(verb).String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if h.username != "" {
		req.SetBasicAuth(h.username, h.password)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err // without the URL, whose query may be a secret
		}
		return fmt.Errorf("%s at %s: %w", verb, h.endpoint.Host, err)
	}
	// What the service says beside its status may hold anything.
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s at %s: the service answers %d", verb, h.endpoint.Host, resp.StatusCode)
	}
	return nil
}
