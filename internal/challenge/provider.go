package challenge

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ProviderNames are the DNS providers there are.
func ProviderNames() []string { return []string{"exec", "httpreq", "rfc2136"} }

// NewProvider makes a provider from its variables, which are named as lego
// names them: DNSUPDATE_… (or RFC2136_…), EXEC_…, HTTPREQ_…. A variable NAME_FILE
// names a file that holds the value of NAME. The process's own environment is
// neither read nor changed. Errors name variables, never values.
func NewProvider(name string, variables map[string]string) (Provider, error) {
	e := &env{given: variables, used: map[string]bool{}}
	var p Provider
	switch name {
	case "rfc2136":
		p = newRFC2136(e)
	case "exec":
		return newProgram(e)
	case "httpreq":
		p = newHTTPReq(e)
	default:
		return nil, fmt.Errorf("challenge.dns01.provider: %q is none of %s", name, strings.Join(ProviderNames(), ", "))
	}
	if stray := e.leftover(); stray != nil { // it is what is missing, mistyped
		return nil, stray
	}
	if e.err != nil {
		return nil, e.err
	}
	return p, nil
}

// env reads variables and keeps the first error.
type env struct {
	given map[string]string
	used  map[string]bool
	err   error
}

func (e *env) fail(name, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("challenge.dns01.env.%s: %s", name, fmt.Sprintf(format, args...))
	}
}

// text is the value of the first of the names that has one, in a file or not.
func (e *env) text(names ...string) string {
	found := ""
	for _, name := range names {
		value := e.one(name)
		if found == "" {
			found = value
		}
	}
	return found
}

func (e *env) one(name string) string {
	e.used[name], e.used[name+"_FILE"] = true, true
	if value := e.given[name]; value != "" {
		return value
	}
	path := e.given[name+"_FILE"]
	if path == "" {
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		e.fail(name+"_FILE", "%v", err)
	}
	return strings.TrimRight(string(content), "\r\n")
}

func (e *env) required(names ...string) string {
	value := e.text(names...)
	if value == "" {
		e.fail(names[0], "is missing: the provider cannot work without it")
	}
	return value
}

// number is a whole number; absent: otherwise.
func (e *env) number(otherwise int, names ...string) int {
	text := e.text(names...)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 86400 {
		e.fail(names[0], "must be a whole number from 0 to 86400")
		return otherwise
	}
	return n
}

func (e *env) seconds(otherwise time.Duration, names ...string) time.Duration {
	return time.Duration(e.number(int(otherwise/time.Second), names...)) * time.Second
}

// leftover refuses variables that nobody asked for: a mistyped one would be
// missing in silence.
func (e *env) leftover() error {
	for _, name := range slices.Sorted(maps.Keys(e.given)) {
		if !e.used[name] {
			known := slices.DeleteFunc(slices.Sorted(maps.Keys(e.used)), func(s string) bool { return strings.HasSuffix(s, "_FILE") })
			return fmt.Errorf("challenge.dns01.env.%s: is no variable of this provider; it knows %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// refusal is a provider's no.
type refusal struct {
	text string
	// foreign: because of the zone, which is somebody else's.
	foreign bool
}

func (r *refusal) Error() string { return r.text }
