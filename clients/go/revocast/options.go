package revocast

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"

	"revocast.dev/go/record"
)

// Mode says what is done with a token of which nobody can say whether it is revoked. A choice that each user makes: there is no default.
type Mode string

const (
	// Strict refuses it.
	Strict Mode = "strict"
	// BestEffort goes by the last state, if there ever was one. The fleet does not count such a node.
	BestEffort Mode = "bestEffort"
	// Observe lets every token pass, also the revoked, and only says what it saw. The fleet does not count such a node.
	Observe Mode = "observe"
)

// Options of a node. What has no default must be given.
type Options struct {
	// URL of nats-server, or several with commas.
	URL string
	// NATS options beside those that following needs: credentials, TLS.
	NATS []nats.Option
	// Namespace, default "revocast".
	Namespace string
	// RecordKeys is the JWKS of the public record keys: what none of them signed changes nothing.
	RecordKeys []byte
	// Service whose node this is, 1 to 64 characters A-Z a-z 0-9 _ -.
	Service string
	// Node is a name for this one that survives restarts; default the random name of this process.
	Node string
	// Version of the application, shown in the fleet.
	Version string
	// Issuers whose tokens are accepted, and how they are read; compared with what the service declares.
	Issuers []record.Settings
	Mode    Mode
	// StalenessMax is the largest age of a proof with which anything is called active; default 5 minutes. Not above the fleet's.
	StalenessMax time.Duration
	// Log is told of what an operator should know; never of a token. Default: nothing.
	Log func(event, about string)
}

var (
	namespacePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	tokenPattern     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	codePattern      = regexp.MustCompile(`^[\x21-\x7e]{0,128}$`)
)

const (
	stalenessMaxDefault = 5 * time.Minute
	stalenessMaxLeast   = time.Second
)

// checked options, with what was left out filled in.
func (o Options) checked() (Options, *record.Verifier, error) {
	if o.Namespace == "" {
		o.Namespace = "revocast"
	}
	if o.StalenessMax == 0 {
		o.StalenessMax = stalenessMaxDefault
	}
	if o.Log == nil {
		o.Log = func(string, string) {}
	}
	verifier, err := record.NewVerifier(o.RecordKeys)
	switch {
	case err != nil:
		return o, nil, err
	case o.URL == "":
		return o, nil, errors.New("no URL of nats-server")
	case !namespacePattern.MatchString(o.Namespace):
		return o, nil, errors.New("the namespace must be 1 to 32 characters a-z 0-9 -, beginning with a letter")
	case !tokenPattern.MatchString(o.Service):
		return o, nil, errors.New("the service must be 1 to 64 characters A-Z a-z 0-9 _ -")
	case !codePattern.MatchString(o.Version):
		return o, nil, errors.New("the version must be visible ASCII of at most 128 characters")
	case len(o.Node) > 256:
		return o, nil, errors.New("the name of the node is longer than 256 bytes")
	case o.Mode != Strict && o.Mode != BestEffort && o.Mode != Observe:
		return o, nil, errors.New("the mode must be strict, bestEffort or observe")
	case o.StalenessMax < stalenessMaxLeast:
		return o, nil, fmt.Errorf("the largest staleness must be at least %v", stalenessMaxLeast)
	}
	return o, verifier, checkIssuers(o.Issuers)
}

func checkIssuers(issuers []record.Settings) error {
	if len(issuers) == 0 {
		return errors.New("no issuer whose tokens are accepted")
	}
	known := map[string]bool{}
	for _, one := range issuers {
		switch {
		case one.Issuer == "" || known[one.Issuer]:
			return fmt.Errorf("an issuer without a name, or twice: %q", one.Issuer)
		case one.MaxLifetimeSeconds <= 0:
			return fmt.Errorf("%s: maxLifetimeSeconds is what makes forgetting a revocation sound, and must be given", one.Issuer)
		case one.CutoffClaim != "iat" && one.CutoffClaim != "auth_time":
			return fmt.Errorf("%s: cutoffClaim must be iat or auth_time", one.Issuer)
		}
		known[one.Issuer] = true
	}
	return nil
}

// randomInstance: two processes with one name are two instances.
func randomInstance() (string, error) {
	bytes := make([]byte, 12)
	_, err := rand.Read(bytes)
	return hex.EncodeToString(bytes), err
}
