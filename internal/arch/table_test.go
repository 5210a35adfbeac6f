package arch_test

// row says what one package may import besides the standard library.
type row struct {
	path   string   // relative to the module's root
	ours   []string // packages of this module
	above  bool     // and every package of the rows above this one
	others []string // modules, or packages with all below them
	// pure: no clock, no I/O, no chance; see notPure and clocks.
	pure bool
	// despite lists standard packages that a pure package may import although
	// notPure refuses them.
	despite []string
	// free: anything goes, the lab included; nothing that ships imports it.
	free bool
}

// The third parties, by their only homes.
const (
	age       = "filippo.io/age"
	cobra     = "github.com/spf13/cobra"
	goGit     = "github.com/go-git"
	goPretty  = "github.com/jedib0t/go-pretty/v6"
	goose     = "github.com/pressly/goose/v3"
	idna      = "golang.org/x/net/idna"
	lego      = "github.com/go-acme/lego/v4"
	miekg     = "github.com/miekg/dns"
	pgx       = "github.com/jackc/pgx/v5"
	promeths  = "github.com/prometheus/client_golang"
	retryable = "github.com/hashicorp/go-retryablehttp"
	shoutrrr  = "github.com/nicholas-fedor/shoutrrr"
	sqlite    = "modernc.org/sqlite"
	sshsig    = "github.com/hiddeco/sshsig"
	suffixes  = "golang.org/x/net/publicsuffix"
	yaml      = "gopkg.in/yaml.v3"

	// Extensions of the standard library, for those who need them.
	xSSH  = "golang.org/x/crypto/ssh"
	xSync = "golang.org/x/sync"
	xTerm = "golang.org/x/term"
)

// table is the architecture, from the ground up: a package imports from rows
// above its own only.
var table = []row{
	{path: "internal/arch"},
	{path: "internal/beside"},
	{path: "internal/failure", pure: true},
	// slog only for LogValuer: a private key says of itself that it is not to
	// be logged.
	{path: "internal/record", ours: []string{"internal/failure"}, pure: true, despite: []string{"log/slog"}},
	{path: "internal/keypair", ours: []string{"internal/record"}, others: []string{age}, pure: true},
	{
		path: "internal/signature", ours: []string{"internal/record"}, others: []string{xSSH, sshsig},
		pure: true, despite: []string{"log/slog"},
	},
	{path: "spec", ours: []string{"internal/failure"}, others: []string{yaml, idna, suffixes}, pure: true},
	{path: "internal/diagnose", ours: []string{"internal/record", "internal/failure"}, pure: true},
	{path: "internal/budget", ours: []string{"internal/record"}, pure: true},
	{
		path: "reconcile", pure: true,
		ours: []string{"spec", "internal/record", "internal/failure", "internal/diagnose", "internal/budget"},
	},
	{path: "verify", ours: []string{"internal/beside", "internal/record"}, others: []string{miekg, retryable, xSync}},
	{path: "issue", ours: []string{"internal/record", "internal/failure"}, others: []string{lego, retryable, xSync}},
	{
		path: "internal/challenge", ours: []string{"internal/beside", "internal/record"},
		others: []string{miekg},
	},
	{path: "internal/store", ours: []string{"internal/record"}, others: []string{sqlite, pgx, goose, age}},
	{
		path: "internal/status", pure: true,
		ours: []string{"reconcile", "internal/record", "internal/failure"}, others: []string{yaml, goPretty},
	},
	{path: "internal/gitrepo", ours: []string{"internal/record", "internal/signature"}, others: []string{goGit, xSSH}},
	{path: "internal/deploy", ours: []string{"internal/beside", "internal/record"}},
	{path: "internal/notify", ours: []string{"internal/record", "internal/status"}, others: []string{shoutrrr}},
	{path: "internal/web", ours: []string{"internal/record", "internal/status"}, others: []string{promeths}},
	{path: "internal/settings", ours: []string{"internal/record", "internal/signature", "internal/status"}, others: []string{yaml}},
	{path: "docs"},
	{path: "internal/operate", above: true, others: []string{xSync}},
	{path: "internal/controller", above: true, others: []string{xSync}},
	{path: "cmd/acmsync", above: true, others: []string{cobra, xTerm}},
	{path: "internal/lab", free: true},
	{path: "bench", free: true},
}

// notPure are the standard packages, each with all below it, that reach out of
// the process or bring chance in. net/netip and net/url are values and parsers.
var notPure = []string{
	"context", "crypto/rand", "database", "io/fs", "io/ioutil", "log", "math/rand", "net", "os",
	"path/filepath", "plugin", "runtime", "syscall", "testing", "unsafe",
}

var pureAfterAll = []string{"net/netip", "net/url"}

// clocks are the functions of package time that read or wait for the clock.
var clocks = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
