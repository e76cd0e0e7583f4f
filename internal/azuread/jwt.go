package azuread

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// maxJWT is the maximum length of a JWT, in bytes.
const maxJWT = 64 << 10

// jwt is a signed JSON Web Token (RFC 7519), parsed but not verified.
type jwt struct {
	header struct {
		Algorithm     string   `json:"alg"`
		KeyID         string   `json:"kid"`
		ThumbprintOld string   `json:"x5t"`
		Thumbprint    string   `json:"x5t#S256"`
		Chain         []string `json:"x5c"`
	}
	payload   []byte
	signed    string
	signature []byte
}

func parseJWT(text string) (*jwt, error) {
	parts := strings.Split(text, ".")
	if len(text) > maxJWT || len(parts) != 3 {
		return nil, errors.New("not a signed JWT")
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, fmt.Errorf("part %d of the JWT: %w", i+1, err)
		}
	}
	t := &jwt{payload: raw[1], signed: parts[0] + "." + parts[1], signature: raw[2]}
	if err := json.Unmarshal(raw[0], &t.header); err != nil {
		return nil, fmt.Errorf("the header of the JWT: %w", err)
	}
	return t, nil
}

// verify checks the signature.
func (t *jwt) verify(key *rsa.PublicKey) error {
	sum := sha256.Sum256([]byte(t.signed))
	switch t.header.Algorithm {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature)
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], t.signature, nil)
	}
	return fmt.Errorf("the algorithm %q is not supported", t.header.Algorithm)
}

// names reports whether the header names cert by one of its thumbprints.
func (t *jwt) names(cert *x509.Certificate) bool {
	long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw)
	is := func(text string, sum []byte) bool {
		if text == "" {
			return false
		}
		text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
		return text == encode(sum)
	}
	return is(t.header.Thumbprint, long[:]) || is(t.header.ThumbprintOld, short[:])
}

// sign makes a JWT with RS256.
func sign(key *rsa.PrivateKey, kid string, claims any) (string, error) {
	header, err := json.Marshal(map[string]string{"typ": "JWT", "alg": "RS256", "kid": kid})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
