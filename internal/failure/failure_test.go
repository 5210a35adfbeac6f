package failure_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/acmsync/acmsync/internal/failure"
)

func TestAllIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	first := failure.All()
	first[0].Title = "changed"
	if failure.All()[0].Title == "changed" {
		t.Error("a caller can change the table")
	}
}

func TestCodesAreStableWords(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[failure.Code]bool{}
	for _, r := range failure.All() {
		if !word.MatchString(string(r.Code)) || seen[r.Code] {
			t.Errorf("%q is not a word of its own", r.Code)
		}
		seen[r.Code] = true
		if got := failure.Of(r.Code); got != r {
			t.Errorf("Of(%q) is the row of %q", r.Code, got.Code)
		}
	}
	if got := failure.Of("never-heard-of"); got.Code != failure.Internal {
		t.Errorf("an unknown code is %q", got.Code)
	}
}

// TestWhoActs pins who a failure asks for: exit codes, the board's order and
// notifications follow it.
func TestWhoActs(t *testing.T) {
	t.Parallel()
	operator := []failure.Code{
		failure.AccountProblem, failure.AccountPaused, failure.ProfileUnsupported, failure.WildcardsNotAllowed,
		failure.TooManyDomains, failure.CARefused, failure.BadCertificate, failure.DeployFailed, failure.NotServed,
		failure.RemovalHeld, failure.Internal,
	}
	nobody := []failure.Code{failure.RateLimited, failure.CAUnavailable}
	for _, r := range failure.All() {
		want := "owner"
		if slices.Contains(operator, r.Code) {
			want = "operator"
		}
		if slices.Contains(nobody, r.Code) {
			want = "none"
		}
		if got := r.Attention(); got != want {
			t.Errorf("%s asks for %s, want %s", r.Code, got, want)
		}
	}
}

// known are the placeholders that those who fill the sentences know of.
var known = []string{
	"app", "ca", "challenge", "detail", "dns", "expected", "hash", "holder", "limit", "location",
	"name", "observed", "offered", "profile", "remedy", "target", "until", "zone",
}

var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, r := range failure.All() {
		for _, sentence := range []string{r.Message, r.Remedy} {
			for _, m := range placeholder.FindAllStringSubmatch(sentence, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s: nobody fills {%s}", r.Code, m[1])
				}
			}
		}
		if !strings.HasSuffix(r.Message, ".") {
			t.Errorf("%s: the message is no sentence: %q", r.Code, r.Message)
		}
		// A remedy that ends in a record must not add a full stop to it: people
		// copy it.
		if record := strings.HasSuffix(r.Remedy, "{expected}") || strings.HasSuffix(r.Remedy, "{observed}"); !record && !strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s: the remedy ends neither in a record nor as a sentence: %q", r.Code, r.Remedy)
		}
		if strings.Contains(r.Remedy, "{expected}.") {
			t.Errorf("%s: a full stop after the record", r.Code)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	r := failure.Reason{Message: "{name} leads to {observed}{detail}.", Remedy: "Set {expected}"}
	message, remedy := r.Fill(failure.Values{"name": "a.example", "observed": "{name}", "detail": ""})
	want := []string{"a.example leads to {name}.", "Set {expected}"}
	if diff := cmp.Diff(want, []string{message, remedy}); diff != "" {
		t.Errorf("values are filled in once and what is missing stays (-want +got):\n%s", diff)
	}
}

var (
	actors = map[failure.Actor]string{
		failure.Owner: "the owner of the domain", failure.Operator: "the operator of the platform",
		failure.CA: "nobody; the CA ends it", failure.Nobody: "nobody",
	}
	retries = map[failure.Retry]string{
		failure.Backoff: "by itself, ever more slowly", failure.Until: "at the time given",
		failure.OnChange: "when the entry changes",
	}
	sections = []string{"## What it means", "## How to see it", "## How to mend it", "## What happens next"}
)

// TestPages: every reason has its page, no page is left over, and each says of
// its reason what the table says.
func TestPages(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "docs", "reasons")
	var want, have []string
	for _, r := range failure.All() {
		want = append(want, string(r.Code)+".md")
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		have = append(have, e.Name())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Fatalf("pages (-want +have):\n%s", diff)
	}
	for _, r := range failure.All() {
		page, err := os.ReadFile(filepath.Join(folder, string(r.Code)+".md"))
		if err != nil {
			t.Fatal(err)
		}
		checkPage(t, r, string(page))
	}
}

func checkPage(t *testing.T, r failure.Reason, page string) {
	t.Helper()
	head := "# " + r.Title + "\n\nReason `" + string(r.Code) + "` · Who acts: " + actors[r.Actor] + " · Tried again: " + retries[r.Retry] + "\n"
	if !strings.HasPrefix(page, head) {
		t.Errorf("%s.md does not begin with\n%s", r.Code, head)
	}
	var have []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "## ") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(sections, have); diff != "" {
		t.Errorf("%s.md: sections (-want +have):\n%s", r.Code, diff)
	}
	if !strings.HasSuffix(r.Code.DocsURL(), "/docs/reasons/"+string(r.Code)+".md") {
		t.Errorf("%s: the link leads to %s", r.Code, r.Code.DocsURL())
	}
}
