// Package settings compares the settings of an issuer: a node that reads its tokens more weakly than the log declares cannot vouch
// for them, and one whose digest differs is not counted.
package settings

import (
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"

	"revocast.dev/go/internal/siphash"
	"revocast.dev/go/record"
)

// claimFields in the order of the digest.
var claimFields = []string{"tokenId", "session", "subject", "client", "device"}

// needs: which claims must be mapped before a scope can hit anything. A token can always be named by its signing input.
var needs = map[string][]string{
	"token": nil, "session": {"session"}, "subject": {"subject"}, "client": {"client"},
	"grant": {"subject", "client"}, "device": {"device"}, "issuer": nil, "key": nil,
}

// Scopes in the order in which every node names them.
var Scopes = []string{"token", "session", "subject", "client", "grant", "device", "issuer", "key"}

// Default settings of an issuer, as the service has them: what differs must differ in both places, since nodes with another digest are
// not counted.
func Default(issuer string) record.Settings {
	return record.Settings{
		Issuer: issuer, MaxLifetimeSeconds: 86_400, SessionMaxSeconds: 30 * 86_400, ClockSkewSeconds: 60, CutoffClaim: "iat",
		Claims: map[string][]string{
			"tokenId": {"jti"}, "session": {"sid"}, "subject": {"sub"}, "client": {"client_id", "azp", "cid", "appid"},
			"device": {"device_id"},
		},
		Require: []string{"sub"},
	}
}

// Enforceable lists the scopes whose claims are mapped for this issuer.
func Enforceable(of record.Settings) []string {
	scopes := []string{}
	for _, scope := range Scopes {
		mapped := true
		for _, field := range needs[scope] {
			mapped = mapped && len(of.Claims[field]) > 0
		}
		if mapped {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// Weaknesses names what in `mine` would let a token pass that the service says is revoked.
func Weaknesses(mine, declared record.Settings) []string {
	found := []string{}
	add := func(name string, isWeaker bool) {
		if isWeaker {
			found = append(found, name)
		}
	}
	add("issuer", mine.Issuer != declared.Issuer)
	// Larger ones accept tokens that the service believes dead, or cut off less than it says.
	add("maxLifetimeSeconds", mine.MaxLifetimeSeconds > declared.MaxLifetimeSeconds)
	add("sessionMaxSeconds", mine.SessionMaxSeconds > declared.SessionMaxSeconds)
	add("clockSkewSeconds", mine.ClockSkewSeconds > declared.ClockSkewSeconds)
	add("issuedAtOffsetSeconds", mine.IssuedAtOffsetSeconds > declared.IssuedAtOffsetSeconds)
	add("leadSeconds", mine.LeadSeconds > declared.LeadSeconds)
	// auth_time in place of iat only ever hits more: no session begins after it issued a token.
	add("cutoffClaim", mine.CutoffClaim == "iat" && declared.CutoffClaim == "auth_time")
	for _, field := range claimFields {
		wanted := declared.Claims[field]
		add("claims."+field, len(wanted) > 0 && !reflect.DeepEqual(mine.Claims[field], wanted))
	}
	add("require", !hasAll(mine.Require, declared.Require))
	return found
}

func hasAll(texts, wanted []string) bool {
	there := map[string]bool{}
	for _, text := range texts {
		there[text] = true
	}
	for _, text := range wanted {
		if !there[text] {
			return false
		}
	}
	return true
}

// Digest is 32 hex digits that are equal for settings that mean the same, on every node and version.
func Digest(of record.Settings) string {
	claims := []string{}
	for _, field := range claimFields {
		claims = append(claims, texts(of.Claims[field]))
	}
	text := "[" + strings.Join([]string{
		quoted(of.Issuer), number(of.MaxLifetimeSeconds), number(of.SessionMaxSeconds), number(of.ClockSkewSeconds),
		quoted(of.CutoffClaim), number(of.IssuedAtOffsetSeconds), number(of.LeadSeconds),
		"[" + strings.Join(claims, ",") + "]", texts(sortedOnce(of.Require)),
	}, ",") + "]"
	first, second := siphash.Sum128([16]byte{}, []byte(text))
	// Four words of 32 bits, the lowest first.
	return fmt.Sprintf("%08x%08x%08x%08x", uint32(first), first>>32, uint32(second), second>>32)
}

// sortedOnce: each text once, in the order of their UTF-16 units, as JavaScript sorts.
func sortedOnce(all []string) []string {
	seen := map[string]bool{}
	once := []string{}
	for _, text := range all {
		if !seen[text] {
			seen[text] = true
			once = append(once, text)
		}
	}
	sort.Slice(once, func(i, j int) bool {
		a, b := utf16.Encode([]rune(once[i])), utf16.Encode([]rune(once[j]))
		for at := 0; at < len(a) && at < len(b); at++ {
			if a[at] != b[at] {
				return a[at] < b[at]
			}
		}
		return len(a) < len(b)
	})
	return once
}

func texts(all []string) string {
	written := []string{}
	for _, text := range all {
		written = append(written, quoted(text))
	}
	return "[" + strings.Join(written, ",") + "]"
}

// quoted as JSON.stringify does: nothing is escaped beyond what JSON demands.
func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteString(`\` + string(r))
		case r < 0x20 && strings.ContainsRune("\b\f\n\r\t", r):
			out.WriteString(map[rune]string{'\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		case r < 0x20:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// number as JavaScript writes it.
func number(value float64) string {
	if size := math.Abs(value); size != 0 && (size < 1e-6 || size >= 1e21) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(value, 'e', -1, 64), "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	}
	if value == 0 {
		return "0"
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}
