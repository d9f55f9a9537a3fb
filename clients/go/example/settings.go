package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"revocast.dev/go/record"
	"revocast.dev/go/revocast"
	"revocast.dev/go/settings"
)

type appSettings struct {
	address string
	node    revocast.Options
	issuers map[string]issuer
}

// issuer whose tokens are accepted: how they are read, for whom they must be, and the keys that sign them.
type issuer struct {
	settings record.Settings
	audience string
	keys     map[string]key
}

func readSettings(env func(string) string) (appSettings, error) {
	read := appSettings{
		address: net.JoinHostPort(or(env("HOST"), "127.0.0.1"), or(env("PORT"), "3100")),
		issuers: map[string]issuer{},
		node: revocast.Options{
			URL: or(env("NATS_URL"), "nats://127.0.0.1:4222"), Namespace: env("REVOCAST_NAMESPACE"), Version: "1.0.0",
			RecordKeys: []byte(env("REVOCAST_RECORD_KEYS")), Service: or(env("REVOCAST_SERVICE"), "go-example"),
			Node: or(env("REVOCAST_NODE_ID"), hostname()), Mode: revocast.Mode(env("REVOCAST_MODE")),
		},
	}
	if user := env("NATS_USER"); user != "" {
		read.node.NATS = append(read.node.NATS, nats.UserInfo(user, env("NATS_PASSWORD")))
	}
	if text := env("REVOCAST_STALENESS_MS_MAX"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return read, errors.New("REVOCAST_STALENESS_MS_MAX is no whole number")
		}
		read.node.StalenessMax = time.Duration(ms) * time.Millisecond
	}
	var given []json.RawMessage
	if err := json.Unmarshal([]byte(env("REVOCAST_ISSUERS")), &given); err != nil {
		return read, errors.New("REVOCAST_ISSUERS is no JSON list")
	}
	for _, text := range given {
		one, err := readIssuer(text)
		if err != nil {
			return read, err
		}
		read.issuers[one.settings.Issuer] = one
		read.node.Issuers = append(read.node.Issuers, one.settings)
	}
	return read, nil
}

// readIssuer takes what is not given from the defaults. Keys must be given: this example fetches none.
func readIssuer(text []byte) (issuer, error) {
	var given struct {
		Issuer, Audience string
		JWKS             struct{ Keys []jwk }
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return issuer{}, errors.New("REVOCAST_ISSUERS: an issuer has members of the wrong kind")
	}
	one := issuer{settings: settings.Default(given.Issuer), audience: given.Audience, keys: map[string]key{}}
	if err := json.Unmarshal(text, &one.settings); err != nil {
		return issuer{}, fmt.Errorf("REVOCAST_ISSUERS: %s has settings of the wrong kind", given.Issuer)
	}
	for _, each := range given.JWKS.Keys {
		public, err := each.public()
		if err != nil || each.KID == "" {
			return issuer{}, fmt.Errorf("REVOCAST_ISSUERS: %s has a key without kid, or of a kind that this example does not know", given.Issuer)
		}
		one.keys[each.KID] = key{kid: each.KID, thumbprint: each.thumbprint(), alg: each.Alg, public: public}
	}
	if len(one.keys) == 0 || one.audience == "" {
		return issuer{}, fmt.Errorf("REVOCAST_ISSUERS: %s needs jwks and an audience", given.Issuer)
	}
	return one, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}
