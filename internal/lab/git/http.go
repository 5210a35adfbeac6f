package git

import (
	"bufio"
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options say what a server is like.
type Options struct {
	// User and Password are asked for when either is set. SSH asks for its
	// client key instead.
	User, Password string
	// TLS serves HTTPS, with a certificate for 127.0.0.1 that RootPEM verifies.
	TLS bool
	// NoPartialClone hides filters and fetching by hash, as old servers do.
	NoPartialClone bool
}

// HTTP is a repository behind git's smart HTTP protocol.
type HTTP struct {
	*Repository
	*journal
	*faults

	server  *httptest.Server
	backend http.Handler
	options Options
}

// NewHTTP makes an empty repository and serves it.
func NewHTTP(o Options) (*HTTP, error) {
	repository, err := NewRepository()
	if err != nil {
		return nil, err
	}
	if err := repository.PartialClone(!o.NoPartialClone); err != nil {
		return nil, err
	}
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git --exec-path: %w", err)
	}
	h := &HTTP{Repository: repository, journal: &journal{}, faults: &faults{}, options: o}
	h.backend = &cgi.Handler{
		Path:   filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env:    append(environment(), "GIT_PROJECT_ROOT="+filepath.Dir(repository.Dir()), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+o.User),
		Stderr: io.Discard,
		Logger: log.New(io.Discard, "", 0),
	}
	h.server = httptest.NewUnstartedServer(h)
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if o.TLS {
		h.server.StartTLS()
	} else {
		h.server.Start()
	}
	return h, nil
}

// URL is where the repository is fetched from and pushed to; it holds no
// credentials.
func (h *HTTP) URL() string { return h.server.URL + "/repo.git" }

// Close stops the server, cutting what is under way, and removes the repository.
func (h *HTTP) Close() error {
	h.server.CloseClientConnections()
	h.Heal()
	h.server.Close()
	return h.Repository.Close()
}

// ServeHTTP answers one request of git's smart HTTP protocol.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := Request{Method: r.Method, Path: r.URL.RequestURI(), Service: service(r), Authorized: h.authorized(r)}
	counted := &counter{ResponseWriter: w, status: http.StatusOK}
	body := &countedBody{ReadCloser: r.Body}
	r.Body = body
	defer func() {
		entry.Status, entry.Sent, entry.Received = counted.status, counted.sent, body.n
		h.add(entry)
	}()
	if fault := h.next(entry); fault != nil {
		fault.serve(counted, r, h.backend)
		return
	}
	if !entry.Authorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(counted, "credentials, please", http.StatusUnauthorized)
		return
	}
	h.backend.ServeHTTP(counted, r)
}

func (h *HTTP) authorized(r *http.Request) bool {
	if h.options.User == "" && h.options.Password == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(user), []byte(h.options.User)) == 1 &&
		subtle.ConstantTimeCompare([]byte(password), []byte(h.options.Password)) == 1
}

func service(r *http.Request) string {
	if name := r.URL.Query().Get("service"); name != "" {
		return name
	}
	return filepath.Base(r.URL.Path)
}

// counter counts what is sent and lets a fault cut it off.
type counter struct {
	http.ResponseWriter
	status int
	sent   int64
	bent   *bent // nil: it is not
}

func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(p []byte) (int, error) {
	var w io.Writer = c.ResponseWriter
	if c.bent != nil {
		w = c.bent
	}
	n, err := w.Write(p)
	c.sent += int64(n)
	return n, err
}

// Flush sends what is buffered.
func (c *counter) Flush() {
	if f, ok := c.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Hijack hands over the connection.
func (c *counter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return c.ResponseWriter.(http.Hijacker).Hijack()
}

type countedBody struct {
	io.ReadCloser
	n int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}
