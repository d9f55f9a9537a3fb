package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"revocast.dev/go/claims"
	"revocast.dev/go/index"
	"revocast.dev/go/revocast"
	"revocast.dev/go/verdict"
)

// guard lets a request in if its token is good and nobody revoked it.
type guard struct {
	node    *revocast.Node
	issuers map[string]issuer
}

type subjectKey struct{}

func subjectOf(ctx context.Context) string {
	subject, _ := ctx.Value(subjectKey{}).(string)
	return subject
}

func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			refuse(w, http.StatusUnauthorized, "ERR_TOKEN_MISSING", "Bearer")
			return
		}
		facts, err := g.verify(token, time.Now())
		if err != nil {
			refuse(w, http.StatusUnauthorized, codeOf(err), `Bearer error="invalid_token", error_description="The access token is not valid"`)
			return
		}
		// Nothing is waited for from here on: a proof of freshness read before a wait could run out during it.
		answer := g.node.Check(facts)
		switch {
		case !answer.Refused:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), subjectKey{}, facts.Sub)))
		case answer.Kind == verdict.Revoked:
			refuse(w, http.StatusUnauthorized, "ERR_TOKEN_REVOKED", challengeOf(answer))
		default:
			// Nothing is wrong with the token: a 401 would make the client throw a good session away.
			w.Header().Set("Retry-After", strconv.Itoa(1+rand.Intn(5)))
			refuse(w, http.StatusServiceUnavailable, "ERR_REVOCATION_UNKNOWN", "")
		}
	})
}

// challengeOf a revocation: a cut-off on auth_time ends when the user logs in again, not when the client refreshes (RFC 9470).
func challengeOf(answer revocast.Answer) string {
	if answer.Hit.ByAuthTime {
		return `Bearer error="insufficient_user_authentication", error_description="The access token is revoked until the user authenticates again", max_age="0"`
	}
	return `Bearer error="invalid_token", error_description="The access token is revoked"`
}

// verify answers what is asked about. The library judges signature, exp, nbf and audience; claims.Facts what revocation rests on.
func (g *guard) verify(token string, now time.Time) (index.Token, error) {
	var from issuer
	var by key
	find := func(unverified *jwt.Token) (any, error) {
		name, _ := unverified.Claims.GetIssuer()
		kid, _ := unverified.Header["kid"].(string)
		var known bool
		from = g.issuers[name]
		by, known = from.keys[kid]
		_, critical := unverified.Header["crit"]
		if !known || critical || !isAccessToken(unverified.Header) || by.alg != "" && by.alg != unverified.Method.Alg() {
			return nil, jwt.ErrTokenUnverifiable
		}
		return by.public, nil
	}
	// None with a shared secret: whoever could verify such a token could make one, and a public key must never be taken for one.
	methods := jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
	parsed, err := jwt.NewParser(methods, jwt.WithExpirationRequired(), jwt.WithLeeway(time.Minute)).Parse(token, find)
	if err != nil {
		return index.Token{}, err
	}
	audience, err := parsed.Claims.GetAudience()
	if err != nil || !contains(audience, from.audience) {
		return index.Token{}, jwt.ErrTokenInvalidAudience
	}
	// The text that was signed, not what the library made of it.
	signed := token[:strings.LastIndexByte(token, '.')]
	payload, err := base64.RawURLEncoding.DecodeString(signed[strings.IndexByte(signed, '.')+1:])
	if err != nil {
		return index.Token{}, err
	}
	verified := claims.Verified{KID: by.kid, Thumbprint: by.thumbprint, SigningInputHash: func() string { return hash(signed) }}
	return claims.Facts(payload, from.settings, verified, now.UnixMilli())
}

// isAccessToken by its type (RFC 9068): what else the same keys sign lets nobody in.
func isAccessToken(header map[string]any) bool {
	typ, there := header["typ"]
	text, _ := typ.(string)
	text = strings.TrimPrefix(strings.ToLower(text), "application/")
	return !there || text == "jwt" || text == "at+jwt"
}

func contains(all []string, wanted string) bool {
	for _, one := range all {
		if one == wanted {
			return true
		}
	}
	return false
}

// codeOf says what is wrong by a code of docs/errors.md, and nothing of what the token holds.
func codeOf(err error) string {
	var refusal claims.Refusal
	switch {
	case errors.As(err, &refusal):
		return string(refusal)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "ERR_TOKEN_MALFORMED"
	case errors.Is(err, jwt.ErrTokenExpired):
		return "ERR_TOKEN_EXPIRED"
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return "ERR_TOKEN_NOT_YET_VALID"
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return "ERR_TOKEN_AUDIENCE"
	default:
		return "ERR_TOKEN_SIGNATURE"
	}
}

// refuse with a problem document of RFC 9457. Which revocation hit is for logs, not for the client.
func refuse(w http.ResponseWriter, status int, code, challenge string) {
	w.Header().Set("Content-Type", "application/problem+json")
	// A shared cache that kept a refusal would go on refusing after the caller has logged in again.
	w.Header().Set("Cache-Control", "no-store")
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code})
}
