package auth_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

const pfxPassword = "pfx-password"

func TestLoadPFX(t *testing.T) {
	t.Parallel()
	for file, password := range map[string]string{
		"openssl-modern-chain": pfxPassword,
		"openssl-legacy-chain": pfxPassword, // RC2-40 and 3DES
		"openssl-no-password":  "",
		"openssl-unencrypted":  "",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			cert, err := auth.LoadPFX("testdata/pfx/"+file+".pfx", password)
			require.NoError(t, err)
			assert.Equal(t, "CN=test leaf,O=Example", cert.Subject())
			require.NoError(t, cert.CheckValidity(time.Now()))
		})
	}
}

func TestLoadPFXRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, password string
		want           error
		remedy         string
	}{
		"wrong password":    {"openssl-modern-chain", "guess", auth.ErrPFXPassword, "check privateKeyPassword"},
		"wrong, legacy":     {"openssl-legacy-chain", "guess", auth.ErrPFXPassword, "check privateKeyPassword"},
		"no password given": {"openssl-modern-chain", "", auth.ErrPFXPassword, "set privateKeyPassword"},
		"needless password": {"openssl-unencrypted", pfxPassword, auth.ErrPFXPassword, "leave privateKeyPassword empty"},
		"emoji":             {"openssl-emoji-password", "🔑pfx", auth.ErrPFXPasswordCharacter, "letters, digits and signs"},
		"no MAC":            {"openssl-no-mac", pfxPassword, auth.ErrPFXNoMAC, "without -nomac"},
		"no MAC, no guess":  {"openssl-no-mac", "", auth.ErrPFXNoMAC, "without -nomac"},
		"no key":            {"openssl-no-key", pfxPassword, auth.ErrNoPrivateKey, "with its private key"},
		"no certificate":    {"openssl-no-certificate", pfxPassword, auth.ErrNoCertificate, "with its certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.LoadPFX("testdata/pfx/"+tc.file+".pfx", tc.password)
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, tc.remedy)
			require.ErrorContains(t, err, "privateKeyFile")
			require.ErrorContains(t, err, tc.file+".pfx")
			assert.NotContains(t, err.Error(), "guess")
		})
	}
	_, err := auth.LoadPFX("testdata/pfx/none.pfx", "")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "privateKeyFile")
}

// encode makes a PFX file with go-pkcs12.
func encode(t testing.TB, e *pkcs12.Encoder, key any, leaf *x509.Certificate, chain []*x509.Certificate, password string) []byte {
	t.Helper()
	data, err := e.Encode(key, leaf, chain, password)
	require.NoError(t, err)
	return data
}

func TestParsePFXEncryptions(t *testing.T) {
	t.Parallel()
	key, err := rsaKey()
	require.NoError(t, err)
	leaf := certificate(t, key, 0).Leaf
	other := certificate(t, ecdsaKey(t, elliptic.P256()), 0).Leaf
	for name, tc := range map[string]struct {
		encoder  *pkcs12.Encoder
		password string
	}{
		"RC2":          {pkcs12.LegacyRC2, pfxPassword},
		"3DES":         {pkcs12.LegacyDES, pfxPassword},
		"AES 2023":     {pkcs12.Modern2023, pfxPassword},
		"AES 2026":     {pkcs12.Modern2026, pfxPassword},
		"unicode":      {pkcs12.Modern2023, "pässwörd ☂"},
		"passwordless": {pkcs12.Passwordless, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The certificate of the key need not come first.
			data := encode(t, tc.encoder, key, other, []*x509.Certificate{leaf}, tc.password)
			cert, err := auth.ParsePFX(data, tc.password)
			require.NoError(t, err)
			assert.Equal(t, leaf.Raw, cert.CER())
			assert.Equal(t, leaf.NotAfter, cert.NotAfter())
			assert.Equal(t, leaf.NotBefore, cert.NotBefore())
		})
	}
}

func TestParsePFXRefuses(t *testing.T) {
	t.Parallel()
	key, err := rsaKey()
	require.NoError(t, err)
	leaf := certificate(t, key, 0).Leaf
	ec := ecdsaKey(t, elliptic.P256())
	other := certificate(t, ec, 0).Leaf
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"empty":    {nil, auth.ErrPFXFormat},
		"text":     {[]byte("hello"), auth.ErrPFXFormat},
		"PEM":      {[]byte("\n-----BEGIN CERTIFICATE-----\n"), auth.ErrPFXFormat},
		"DER":      {leaf.Raw, auth.ErrPFXFormat},
		"mismatch": {encode(t, pkcs12.Modern2023, key, other, nil, pfxPassword), auth.ErrKeyMismatch},
		"ECDSA":    {encode(t, pkcs12.Modern2023, ec, other, nil, pfxPassword), auth.ErrKeyType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.ParsePFX(tc.data, pfxPassword)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func newCertificate(t testing.TB, opts *auth.CertificateOptions) *auth.Certificate {
	t.Helper()
	cert, err := auth.NewCertificate(opts)
	require.NoError(t, err)
	return cert
}

func TestNewCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	cert := newCertificate(t, &auth.CertificateOptions{Subject: "CN=quarantine, O=Example, OU=Mail,L=Bonn,ST=NRW,C=DE", Lifetime: 48 * time.Hour, Now: now})
	assert.Equal(t, "CN=quarantine,OU=Mail,O=Example,L=Bonn,ST=NRW,C=DE", cert.Subject())
	assert.Equal(t, now.Add(48*time.Hour), cert.NotAfter())
	assert.True(t, cert.NotBefore().Before(now))
	leaf, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	require.NoError(t, leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature), "self-signed")
	assert.Equal(t, x509.SHA256WithRSA, leaf.SignatureAlgorithm)
	assert.Equal(t, fmt.Sprintf("%X", sha1.Sum(leaf.Raw)), cert.Thumbprint())

	data, err := cert.PFX(pfxPassword)
	require.NoError(t, err)
	again, err := auth.ParsePFX(data, pfxPassword)
	require.NoError(t, err)
	assert.Equal(t, cert.CER(), again.CER())
	_, err = cert.PFX("")
	require.ErrorContains(t, err, "password")

	assert.Equal(t, "CN=plain name", newCertificate(t, &auth.CertificateOptions{Subject: "plain name"}).Subject())
}

func TestNewCertificateDefaults(t *testing.T) {
	t.Parallel()
	cert := newCertificate(t, nil)
	assert.Equal(t, "CN=ewsquarantine", cert.Subject())
	assert.WithinDuration(t, time.Now().Add(365*24*time.Hour), cert.NotAfter(), time.Minute)
	require.NoError(t, cert.CheckValidity(time.Now()))
}

func TestNewCertificateRefuses(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]auth.CertificateOptions{
		"Lifetime":          {Lifetime: -1},
		"Bits":              {Bits: 1024},
		"between 2048":      {Bits: 8192},
		"attribute \"X\"":   {Subject: "X=1"},
		"without a value":   {Subject: "CN=a,O="},
		"unknown attribute": {Subject: "=a"},
	} {
		_, err := auth.NewCertificate(&opts)
		require.ErrorContains(t, err, want)
	}
}

func TestKeyCredentials(t *testing.T) {
	t.Parallel()
	cert, err := sharedCertificate()
	require.NoError(t, err)
	var ids []string
	for range 2 {
		text, err := cert.KeyCredentials()
		require.NoError(t, err)
		var manifest struct {
			KeyCredentials []map[string]string `json:"keyCredentials"`
		}
		require.NoError(t, json.Unmarshal(text, &manifest))
		require.Len(t, manifest.KeyCredentials, 1)
		k := manifest.KeyCredentials[0]
		thumbprint := sha1.Sum(cert.CER())
		assert.Equal(t, base64.StdEncoding.EncodeToString(thumbprint[:]), k["customKeyIdentifier"])
		assert.Equal(t, base64.StdEncoding.EncodeToString(cert.CER()), k["value"])
		assert.Equal(t, "AsymmetricX509Cert", k["type"])
		assert.Equal(t, "Verify", k["usage"])
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, k["keyId"])
		assert.Len(t, k, 5)
		ids = append(ids, k["keyId"])
	}
	assert.NotEqual(t, ids[0], ids[1])
}

func TestCheckValidity(t *testing.T) {
	t.Parallel()
	now := time.Now()
	cert := newCertificate(t, &auth.CertificateOptions{Now: now, Lifetime: time.Hour})
	require.NoError(t, cert.CheckValidity(now))
	err := cert.CheckValidity(now.Add(2 * time.Hour))
	require.ErrorIs(t, err, auth.ErrCertificateExpired)
	require.ErrorContains(t, err, cert.NotAfter().UTC().Format(time.DateTime))
	err = cert.CheckValidity(now.Add(-time.Hour))
	require.ErrorIs(t, err, auth.ErrCertificateNotYetValid)
	require.ErrorContains(t, err, "clock")
}

func TestCertificateDoesNotShowItsKey(t *testing.T) {
	t.Parallel()
	key, err := rsaKey()
	require.NoError(t, err)
	cert, err := auth.ParsePFX(encode(t, pkcs12.Modern2023, key, certificate(t, key, 0).Leaf, nil, pfxPassword), pfxPassword)
	require.NoError(t, err)
	var out bytes.Buffer
	for _, v := range []any{cert, *cert, struct{ C *auth.Certificate }{cert}, struct{ c auth.Certificate }{*cert}} {
		fmt.Fprintf(&out, "%v %+v %#v %s %d %x", v, v, v, v, v, v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	for _, secret := range []string{key.D.String(), key.D.Text(16), key.Primes[0].String()} {
		assert.NotContains(t, out.String(), secret)
	}
	assert.Contains(t, out.String(), cert.Thumbprint())
}
