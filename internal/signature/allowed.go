package signature

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Allowed are the signers that a file of them allows.
type Allowed struct{ lines []allowed }

// allowed is one line: whom it names, the key, and what the key is good for.
type allowed struct {
	principals   string
	key          ssh.PublicKey
	namespaces   string // patterns; empty: any
	after, until time.Time
}

// LineError is what is wrong with a file of allowed signers.
type LineError struct {
	Line    int
	Message string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d %s", e.Line, e.Message) }

// ParseAllowed reads a file of allowed signers. Times in it that do not end in
// Z are in zone. Its errors are of type *LineError.
func ParseAllowed(raw []byte, zone *time.Location) (*Allowed, error) {
	a := &Allowed{}
	number := 0
	for line := range strings.Lines(string(raw)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one, err := parseLine(line, zone)
		if err != nil {
			return nil, &LineError{Line: number, Message: err.Error()}
		}
		a.lines = append(a.lines, one)
	}
	if len(a.lines) == 0 {
		return nil, &LineError{Line: max(number, 1), Message: "names no signer: add a line like: alice@example.com ssh-ed25519 AAAA…"}
	}
	return a, nil
}

// parseLine reads principals, options and key.
func parseLine(line string, zone *time.Location) (allowed, error) {
	principals, rest, err := cutPrincipals(line)
	if err != nil {
		return allowed{}, err
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return allowed{}, errors.New("holds no public key after the principals: write principals, then what is in the .pub file, like alice@example.com ssh-ed25519 AAAA…")
	}
	if err := usable(key); err != nil {
		return allowed{}, fmt.Errorf("holds a key that %w", err)
	}
	one := allowed{principals: principals, key: key}
	return one, one.take(options, zone)
}

// cutPrincipals takes the patterns off the front; quotes around them may hold
// blanks.
func cutPrincipals(line string) (principals, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		principals, rest, ok = strings.Cut(quoted, `"`)
		if !ok {
			return "", "", errors.New("has a quote that does not end")
		}
	} else if at := strings.IndexAny(line, " \t"); at >= 0 {
		principals, rest = line[:at], line[at:]
	} else {
		return "", "", errors.New("has principals and nothing else: a key must follow")
	}
	for pattern := range strings.SplitSeq(principals, ",") {
		if pattern != "" && !strings.HasPrefix(pattern, "!") {
			return principals, strings.TrimSpace(rest), nil
		}
	}
	return "", "", fmt.Errorf("names nobody: %q has no principal that is not excluded", principals)
}

// take reads the options of a line.
func (a *allowed) take(options []string, zone *time.Location) error {
	seen := map[string]bool{}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		name = strings.ToLower(name)
		if seen[name] {
			return fmt.Errorf("has the option %s twice", name)
		}
		seen[name] = true
		if err := a.option(name, value, zone); err != nil {
			return err
		}
	}
	if !a.after.IsZero() && !a.until.IsZero() && !a.after.Before(a.until) {
		return errors.New("allows the key at no time: valid-before is not after valid-after")
	}
	return nil
}

func (a *allowed) option(name, value string, zone *time.Location) (err error) {
	switch name {
	case "namespaces":
		if a.namespaces, err = unquoted(name, value); err == nil && a.namespaces == "" {
			err = errors.New("has an empty list of namespaces")
		}
	case "valid-after":
		a.after, err = moment(name, value, zone)
	case "valid-before":
		a.until, err = moment(name, value, zone)
	case "cert-authority":
		err = errors.New("names a certificate authority (cert-authority), which is not supported: write a line for each signer's own key")
	default:
		err = fmt.Errorf("has the option %q, which is not known: namespaces, valid-after and valid-before are", name)
	}
	return err
}

func unquoted(name, value string) (string, error) {
	inner, opens := strings.CutPrefix(value, `"`)
	inner, closes := strings.CutSuffix(inner, `"`)
	if !opens || !closes || len(value) < 2 {
		return "", fmt.Errorf(`has the option %s without quotes: write %s="…"`, name, name)
	}
	return strings.ReplaceAll(inner, `\"`, `"`), nil
}

// moment is a date with or without a time of day (ssh-keygen(1), "ALLOWED
// SIGNERS").
func moment(name, value string, zone *time.Location) (time.Time, error) {
	text, err := unquoted(name, value)
	if err != nil {
		return time.Time{}, err
	}
	digits := text
	for _, suffix := range []string{"Z", "z", "UTC"} {
		if cut, ok := strings.CutSuffix(text, suffix); ok {
			digits, zone = cut, time.UTC
			break
		}
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if t, err := time.ParseInLocation(layout, digits, zone); err == nil && len(digits) == len(layout) {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("has %s=%q: write YYYYMMDD, or YYYYMMDDHHMM, with Z at the end for UTC", name, text)
}
