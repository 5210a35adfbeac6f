package gitrepo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is a file as one commit left it.
type Version struct {
	Commit string
	At     time.Time
	// Content is nil where the commit removed the file.
	Content []byte
}

// History is what the newest commits of ref made of a file, oldest first, no
// more than limit of them. The file is found by its name in whatever folder.
func (c *Clone) History(ctx context.Context, ref, name string, limit int) ([]Version, error) {
	out, err := c.git(ctx, "log", "--first-parent", "--no-renames", "--name-only", "--format=%x00%H %ct", "--max-count="+strconv.Itoa(limit),
		ref, "--", ":(glob)**/"+name)
	if err != nil {
		return nil, err
	}
	var all []Version
	for entry := range strings.SplitSeq(strings.TrimPrefix(out, "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		v, err := c.version(ctx, entry)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.Reverse(all)
	return all, nil
}

// version reads an entry of the log: the commit, its time, and the file's path.
func (c *Clone) version(ctx context.Context, entry string) (Version, error) {
	head, paths, _ := strings.Cut(entry, "\n")
	commit, seconds, _ := strings.Cut(head, " ")
	at, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64)
	if err != nil {
		return Version{}, fmt.Errorf("reading the time of commit %s: %w", clean(commit), err)
	}
	v := Version{Commit: commit, At: time.Unix(at, 0).UTC()}
	path := strings.TrimSpace(paths)
	tree, err := c.git(ctx, "ls-tree", "--name-only", commit, "--", path)
	if err != nil || strings.TrimSpace(tree) == "" {
		return v, err // removed
	}
	content, err := c.git(ctx, "cat-file", "blob", commit+":"+path)
	v.Content = []byte(content)
	return v, err
}
