package signature

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/acmsync/acmsync/internal/record"
)

// maxSignature bounds what is looked at: a signature by an RSA key of 16,384
// bits takes six kilobytes.
const maxSignature = 64 << 10

// Judge says what a commit's signature is worth. at is when the commit says it
// was made: git holds the times of allowed signers against that, too
// (gpg-interface.c, -Overify-time).
func (a *Allowed) Judge(armoured, payload []byte, at time.Time) record.Signature {
	text := bytes.TrimSpace(armoured)
	switch {
	case len(text) == 0:
		return record.Signature{Fault: record.Unsigned}
	case len(armoured) > maxSignature:
		return unreadable(fmt.Sprintf("it is larger than %d KiB", maxSignature>>10))
	case bytes.HasPrefix(text, []byte("-----BEGIN PGP ")), bytes.HasPrefix(text, []byte("-----BEGIN SIGNED MESSAGE-----")):
		return record.Signature{Fault: record.NotSSH}
	case !bytes.HasPrefix(text, []byte("-----BEGIN "+sshsig.PEMType+"-----\n")):
		return unreadable("it is not an SSH signature")
	}
	made, err := sshsig.Unarmor(text)
	if err != nil {
		return unreadable(err.Error())
	}
	s := record.Signature{Key: ssh.FingerprintSHA256(made.PublicKey)}
	if made.Namespace != namespace {
		s.Fault, s.Detail = record.OtherPurpose, record.Clean(made.Namespace, 40)
		return s
	}
	lines := a.of(made.PublicKey)
	if len(lines) == 0 {
		s.Fault = record.UnknownKey
		return s
	}
	s.Signer = lines[0].principals
	if err := sshsig.Verify(bytes.NewReader(payload), made, lines[0].key, made.HashAlgorithm, namespace); err != nil {
		s.Fault = record.Forged
		return s
	}
	return admitted(s, lines, at)
}

func unreadable(why string) record.Signature {
	return record.Signature{Fault: record.Unreadable, Detail: record.Clean(why, 120)}
}

// of are the lines of a key: it may have several, for several times.
func (a *Allowed) of(key ssh.PublicKey) []allowed {
	var out []allowed
	for _, line := range a.lines {
		if bytes.Equal(line.key.Marshal(), key.Marshal()) {
			out = append(out, line)
		}
	}
	return out
}

// admitted looks for a line that allows the key for git at that time; what is
// wrong is said of the last one.
func admitted(s record.Signature, lines []allowed, at time.Time) record.Signature {
	for _, line := range lines {
		s.Signer, s.Fault, s.Detail = line.principals, "", ""
		switch {
		case line.namespaces != "" && !matches(line.namespaces, namespace):
			s.Fault, s.Detail = record.NotForGit, line.namespaces
		case !line.after.IsZero() && at.Before(line.after):
			s.Fault, s.Detail = record.TooEarly, line.after.UTC().Format(time.RFC3339)
		case !line.until.IsZero() && at.After(line.until):
			s.Fault, s.Detail = record.TooLate, line.until.UTC().Format(time.RFC3339)
		default:
			return s
		}
	}
	return s
}

// matches holds a text against a list of patterns with * and ?, of which those
// with a ! exclude (ssh_config(5), "PATTERNS").
func matches(patterns, text string) bool {
	matched := false
	for pattern := range strings.SplitSeq(patterns, ",") {
		pattern, not := strings.CutPrefix(strings.TrimSpace(pattern), "!")
		// Brackets and backslashes mean nothing in these patterns.
		ok, err := path.Match(strings.NewReplacer(`\`, `\\`, "[", `\[`).Replace(pattern), text)
		switch {
		case err != nil || !ok:
		case not:
			return false
		default:
			matched = true
		}
	}
	return matched
}
