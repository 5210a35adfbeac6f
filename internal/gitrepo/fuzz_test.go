package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/memory"
)

// realPack is a pack as a server sends it.
func realPack(tb testing.TB) []byte {
	tb.Helper()
	b := newBuilder(memory.NewStorage())
	change, err := newEdit(Commit{Files: map[string][]byte{"apps.yaml": []byte("x"), "apps/shop.yaml": bytes.Repeat([]byte("y"), 300)}})
	if err != nil {
		tb.Fatal(err)
	}
	tree, err := b.apply(plumbing.ZeroHash, change, "")
	if err == nil {
		_, err = b.commit(Commit{Message: "m", When: time.Unix(0, 0)}, tree, plumbing.ZeroHash)
	}
	if err != nil {
		tb.Fatal(err)
	}
	pack, err := b.pack()
	if err != nil {
		tb.Fatal(err)
	}
	return pack
}

// FuzzPack: whatever arrives as a pack, it unpacks within the limit or is an
// error that says what became of it.
func FuzzPack(f *testing.F) {
	pack := realPack(f)
	f.Add(pack)
	f.Add(pack[:len(pack)/2])
	f.Add([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\xe5\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, pack []byte) {
		const limit = 1 << 20
		s := &store{limit: limit}
		s.clear()
		if err := s.add(pack, 0); err != nil {
			if !errors.Is(err, errDamaged) && !tooLarge(err) {
				t.Errorf("%v", err)
			}
			return
		}
		var sum int64
		for _, object := range s.objects.Objects {
			sum += object.Size()
		}
		if sum > limit {
			t.Errorf("%d bytes were unpacked", sum)
		}
	})
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

// heard is a conversation in which the other end says just this.
func heard(answer []byte) *stream {
	return &stream{in: nowhere{}, out: bytes.NewReader(answer), hangUp: func() {}, await: func() {}}
}

// FuzzAnswer: whatever a server says at any stage, the error, if any, is one
// printable line of bounded length.
func FuzzAnswer(f *testing.F) {
	pkt := func(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
	id := strings.Repeat("ab", 20)
	for _, seed := range []string{
		"", "0000", pkt("ERR access denied\x1b[31m"), pkt("version 1\n"), "ffff",
		pkt(id+" HEAD\x00side-band-64k report-status filter\n") + pkt(id+" refs/heads/main\n") + "0000",
		pkt("NAK\n") + pkt("\x01"+string(realPack(f))) + "0000", pkt("NAK\n") + pkt("\x03fatal: out of memory"),
		pkt("shallow "+id) + "0000" + pkt("ACK "+id+"\n") + pkt("NAK\n"),
		pkt("unpack ok\n") + pkt("ng refs/heads/status pre-receive hook declined\n") + "0000",
		pkt("\x01"+pkt("unpack ok\n")+pkt("ok refs/heads/status\n")+"0000") + "0000",
	} {
		f.Add([]byte(seed))
	}
	r, err := Open(Config{URL: "https://git.example.com/a"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, err := range converse(answer) {
			if err = r.explain(context.Background(), err); err == nil {
				continue
			}
			text := err.Error()
			if len(text) > 8*maxMessage || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%q", text)
			}
		}
	})
}

// converse reads an answer as that to each question.
func converse(answer []byte) []error {
	ctx := context.Background()
	_, greeted := heard(answer).AdvertisedReferencesContext(ctx)
	if errors.Is(greeted, transport.ErrEmptyRemoteRepository) {
		greeted = nil
	}
	want := packp.NewUploadPackRequest()
	want.Wants = []plumbing.Hash{plumbing.NewHash(strings.Repeat("ab", 20))}
	_ = want.Capabilities.Set(capability.Sideband64k)
	response, fetched := heard(answer).UploadPack(ctx, want)
	if fetched == nil {
		_, fetched = readPack(response, want.Capabilities, 1<<20)
	}
	update := packp.NewReferenceUpdateRequest()
	_ = update.Capabilities.Set(capability.ReportStatus)
	update.Commands = []*packp.Command{{Name: "refs/heads/status", New: want.Wants[0]}}
	update.Packfile = io.NopCloser(strings.NewReader(""))
	report, pushed := heard(answer).ReceivePack(ctx, update)
	if report != nil {
		pushed = (&push{repo: &Repo{}, ref: "refs/heads/status"}).refused(verdict(report, "refs/heads/status"))
	}
	return []error{greeted, fetched, pushed}
}

// FuzzTree: whatever a folder holds, what is listed of it has a harmless path,
// and no path twice that counts.
func FuzzTree(f *testing.F) {
	id := strings.Repeat("\xab", 20)
	for _, seed := range []string{
		"", "100644 apps.yaml\x00" + id, "40000 ..\x00" + id, "100644 ../x.yaml\x00" + id, "120000 .git\x00" + id,
		"100644 A.yaml\x00" + id + "100644 a.yaml\x00" + id, "160000 m\x00" + id, "100644 a\x1b.yaml\x00" + id, "100644 short\x00ab",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		objects := memory.NewStorage()
		tree := &plumbing.MemoryObject{}
		tree.SetType(plumbing.TreeObject)
		_, _ = tree.Write(raw)
		hash, err := objects.SetEncodedObject(tree)
		if err != nil {
			t.Fatal(err)
		}
		files, err := listFiles(objects, hash, "", func(string) bool { return true })
		if err != nil {
			return
		}
		usable := map[string]bool{}
		for _, file := range files {
			lower := strings.ToLower(file.path)
			if !safeName(path.Base(file.path)) || path.Clean("/"+file.path) != "/"+file.path || file.err == nil && usable[lower] {
				t.Errorf("%q, %v", file.path, file.err)
			}
			usable[lower] = usable[lower] || file.err == nil
		}
	})
}
