package operate_test

import (
	"strings"
	"testing"

	"github.com/acmsync/acmsync/internal/failure"
	"github.com/acmsync/acmsync/internal/operate"
)

func TestFindReason(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]failure.Code{
		"caa-forbids":                            failure.CAAForbids,
		"CAA_Forbids ":                           failure.CAAForbids,
		"CAA record prevents issuance":           failure.CAAForbids,
		failure.CAAForbids.DocsURL():             failure.CAAForbids,
		failure.Of(failure.RemovalHeld).Title:    failure.RemovalHeld,
		"https://x.example/docs/reasons/caa.md/": "",
		"no-such-thing":                          "",
		"":                                       "",
		"\x1b[2Jcaa":                             "",
		strings.Repeat("a", 1<<16) + "/incorrect": "",
	} {
		got, err := operate.FindReason(word)
		if got.Code != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: %q, %v, want %q", word, got.Code, err, want)
		}
		if err != nil && (strings.ContainsRune(err.Error(), '\x1b') || len(err.Error()) > 400) {
			t.Errorf("%.40q: %q", word, err)
		}
	}
}

func TestFindReasonKnowsWhatIsMeant(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"caa": "did you mean caa-unsupported or caa-forbids?", "cname-target": "did you mean incorrect-cname-target?",
		"forbids-caa": "did you mean caa-unsupported or caa-forbids?", "dnssec": "did you mean dnssec-failed?", "zebra": "acmsync explain lists them all",
	} {
		if _, err := operate.FindReason(word); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want …%s", word, err, want)
		}
	}
}

// Every page fits a terminal of 80 columns but for its commands and addresses,
// and no Markdown is left in it.
func TestPagesOnATerminal(t *testing.T) {
	t.Parallel()
	for _, r := range failure.All() {
		var plain, bare, coloured strings.Builder
		for _, err := range []error{
			operate.WritePage(&bare, r, false, false), operate.WritePage(&plain, r, true, false), operate.WritePage(&coloured, r, true, true),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !strings.HasPrefix(bare.String(), "# "+r.Title+"\n") || !strings.HasPrefix(coloured.String(), "\x1b[1m"+r.Title+"\x1b[0m\n") {
			t.Errorf("%s begins %.60q and %.60q", r.Code, bare.String(), coloured.String())
		}
		for line := range strings.SplitSeq(plain.String(), "\n") {
			if strings.ContainsRune(line, '`') || strings.HasPrefix(line, "#") {
				t.Errorf("%s: Markdown is left: %q", r.Code, line)
			}
			command := strings.HasPrefix(line, "    ") || strings.Contains(line, "://")
			if len([]rune(line)) > 80 && !command {
				t.Errorf("%s: %d columns: %q", r.Code, len([]rune(line)), line)
			}
		}
	}
}

func TestReasonsListed(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := operate.WriteReasons(&b); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "\n"); got != len(failure.All()) {
		t.Errorf("%d lines for %d reasons", got, len(failure.All()))
	}
}
