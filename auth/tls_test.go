package auth_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/tlsadvice"
)

// handshake makes a request to a server with the given TLS settings, which responds with
// the subject of the client's certificate.
func handshake(t testing.TB, settings *tls.Config, opts auth.TransportOptions) (string, error) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.TLS.PeerCertificates {
			_, _ = w.Write([]byte(c.Subject.CommonName))
		}
	}))
	srv.Config.ErrorLog = quiet
	srv.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return settings, nil }}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	if opts.RootCAs == nil && settings.Certificates[0].Leaf != nil {
		opts.RootCAs = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: settings.Certificates[0].Leaf.Raw})
	}
	rt, err := auth.Basic(srv.URL, credential(t, "svc"), &auth.BasicOptions{Transport: transport(t, &opts)})
	require.NoError(t, err)
	_, got, err := read(rt.RoundTrip(post(t, srv.URL, "x")))
	return got, err
}

func fileCertificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "tls", name))
	require.NoError(t, err)
	block, rest := pem.Decode(data)
	keyBlock, _ := pem.Decode(rest)
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key} // unparsed, because of what is wrong with it
}

// Errors about what old servers do wrong in a handshake come with a remedy that fits.
func TestOldServers(t *testing.T) {
	t.Parallel()
	key, err := rsaKey()
	require.NoError(t, err)
	own := certificate(t, key, 0)
	ca, err := os.ReadFile("testdata/tls/sha1-ca.pem")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		settings *tls.Config
		opts     auth.TransportOptions
		remedy   string
	}{
		"TLS 1.0": {&tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, auth.TransportOptions{}, "only TLS 1.0 or 1.1"},
		"RSA key exchange": {&tls.Config{
			Certificates: []tls.Certificate{own}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		}, auth.TransportOptions{}, "GODEBUG=tlsrsakex=1"},
		"negative serial number": {&tls.Config{Certificates: []tls.Certificate{fileCertificate(t, "negative-serial.pem")}}, auth.TransportOptions{}, "GODEBUG=x509negativeserial=1"},
		"SHA-1":                  {&tls.Config{Certificates: []tls.Certificate{fileCertificate(t, "sha1.pem")}}, auth.TransportOptions{RootCAs: ca}, "signed with SHA-1"},
		"client certificate": {&tls.Config{
			Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert,
		}, auth.TransportOptions{}, "set clientCertificateFile"},
		"client certificate, TLS 1.2": {&tls.Config{
			Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12,
		}, auth.TransportOptions{}, "clientCertificateFile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := handshake(t, tc.settings, tc.opts)
			// The server may close the connection before its reason has been read.
			for again := 0; again < 20 && tlsadvice.Remedy(err) == ""; again++ {
				_, err = handshake(t, tc.settings, tc.opts)
			}
			require.Error(t, err)
			assert.Contains(t, tlsadvice.Remedy(err), tc.remedy, "%v", err)
		})
	}
	assert.Empty(t, tlsadvice.Remedy(nil))
	assert.Empty(t, tlsadvice.Remedy(errors.New("connection refused")))
	assert.Contains(t, tlsadvice.Remedy(errors.New("local error: tls: no renegotiation")), "tlsRenegotiation")
}

// The server's own certificate is trusted as it is, whatever algorithm it is signed with.
func TestOwnCertificateSignedWithSHA1(t *testing.T) {
	t.Parallel()
	cert := fileCertificate(t, "sha1.pem")
	_, err := handshake(t, &tls.Config{Certificates: []tls.Certificate{cert}}, auth.TransportOptions{
		RootCAs: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
	})
	require.NoError(t, err)
}

func pemPair(t testing.TB, name string, key crypto.Signer) []byte {
	t.Helper()
	cert := certificate(t, key, 0)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return append(append([]byte(name+"\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})...),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := ecdsaKey(t, elliptic.P256())
	pair := certificate(t, key, 0)
	pfx, err := pkcs12.Modern2023.Encode(key, pair.Leaf, nil, pfxPassword)
	require.NoError(t, err)
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		return file
	}
	pemFile, pfxFile := write("client.pem", pemPair(t, "client", key)), write("client.pfx", pfx)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		settings := func() *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{certificate(t, key, 0)}, ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version}
		}
		for file, password := range map[string]string{pemFile: "", pfxFile: pfxPassword} {
			got, err := handshake(t, settings(), auth.TransportOptions{ClientCertificateFile: file, ClientCertificatePassword: password, Renegotiation: version == tls.VersionTLS12})
			require.NoError(t, err)
			assert.Equal(t, "mail.example.test", got)
		}
	}
	for name, tc := range map[string]struct{ file, password, want string }{
		"none":           {filepath.Join(dir, "none.pem"), "", "clientCertificateFile"},
		"no key":         {write("nokey.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})), "", "private key"},
		"wrong password": {pfxFile, "guess", "check clientCertificatePassword"},
		"no password":    {pfxFile, "", "set clientCertificatePassword"},
		"nothing":        {write("empty", nil), "", "not a readable PFX"},
	} {
		_, err := auth.NewTransport(&auth.TransportOptions{ClientCertificateFile: tc.file, ClientCertificatePassword: tc.password})
		require.ErrorContains(t, err, tc.want, name)
		assert.NotContains(t, err.Error(), "guess")
	}
}

// The file of the certificate is replaced while the program runs; half a file is not
// used.
func TestClientCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "client.pem")
	var shown []string
	key := ecdsaKey(t, elliptic.P256())
	own := certificate(t, key, 0)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.TLS.PeerCertificates[0].SerialNumber.String())
	}))
	srv.TLS, srv.Config.ErrorLog = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert}, quiet
	srv.StartTLS()
	t.Cleanup(srv.Close)
	contents := [][]byte{pemPair(t, "one", key), []byte("-----BEGIN CERT"), pemPair(t, "the other", key)}
	var rt *http.Transport
	for i, content := range contents {
		require.NoError(t, os.WriteFile(file, content, 0o600))
		require.NoError(t, os.Chtimes(file, time.Time{}, time.Now().Add(time.Duration(i)*time.Minute)))
		if rt == nil {
			rt = transport(t, &auth.TransportOptions{ClientCertificateFile: file, RootCAs: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Leaf.Raw})})
		}
		_, _, err := read(rt.RoundTrip(post(t, srv.URL, "x")))
		require.NoError(t, err)
		rt.CloseIdleConnections()
	}
	assert.Equal(t, shown[0], shown[1])
	assert.NotEqual(t, shown[0], shown[2])
}

// If a bundle has a bad certificate, the error says which one.
func TestBundleWithABadCertificate(t *testing.T) {
	t.Parallel()
	good := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, ecdsaKey(t, elliptic.P256()), 0).Certificate[0]}))
	negative := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: fileCertificate(t, "negative-serial.pem").Certificate[0]}))
	damaged := strings.Replace(good, "\nMII", "\n!!!MII", 1)
	lines := strings.Count(good, "\n")
	for bad, want := range map[string]string{
		negative: "x509negativeserial=1", damaged: "not PEM", good[:len(good)/2]: "not PEM",
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})): "x509",
	} {
		_, err := auth.NewTransport(&auth.TransportOptions{RootCAs: []byte("# roots\n" + good + good + bad + "\n" + good)})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, fmt.Sprintf("certificate 3 of 4, from line %d, cannot be read", 2+2*lines))
	}
	_, err := auth.NewTransport(&auth.TransportOptions{RootCAs: []byte("# roots\n" + good + good)})
	require.NoError(t, err)
}
