package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/acmsync/acmsync/internal/record"
)

const secret = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END PRIVATE KEY-----\n"

// A private key is in whatever is printed or logged by accident: on its own,
// in a pair, in an order, behind a pointer. It stays out of the text.
func TestPrivateKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	key := record.PrivateKey(secret)
	order := record.Order{PrivateKey: key}
	for _, value := range []any{key, &key, record.Pair{Key: key}, &record.Pair{Key: key}, order, []record.Order{order}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			checkSecret(t, fmt.Sprintf("%T with %s", value, verb), fmt.Sprintf(verb, value))
		}
		var text, lines bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("pair", "value", value)
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("pair", "value", value)
		checkSecret(t, fmt.Sprintf("%T in a log", value), text.String())
		checkSecret(t, fmt.Sprintf("%T in a JSON log", value), lines.String())
	}
}

// checkSecret looks for the key as it is, escaped, and as hexadecimal, decimal
// or base64 bytes.
func checkSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, form := range []string{"PRIVATE KEY", "MC4CAQ", fmt.Sprintf("%x", "MC4CAQ"), "77 67 52", "0x4d, 0x43", "LS0tLS1"} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the key: %s", what, text)
			return
		}
	}
}

func TestPrivateKeyIsNotMarshalled(t *testing.T) {
	t.Parallel()
	pair := record.Pair{Key: record.PrivateKey(secret)}
	if out, err := json.Marshal(pair); err == nil {
		t.Errorf("as JSON: %s", out)
	}
	if out, err := json.Marshal(map[string]record.PrivateKey{"key": pair.Key}); err == nil {
		t.Errorf("in a map as JSON: %s", out)
	}
	if out, err := yaml.Marshal(pair); err == nil {
		t.Errorf("as YAML: %s", out)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("kept", "key", pair.Key)
	if !strings.Contains(log.String(), `key="[private key]"`) {
		t.Errorf("a log line with a key is lost: %s", log.String())
	}
	if string(pair.Key) != secret {
		t.Error("the deliberate way out is shut, too")
	}
}
